// All accounts, for administrators: who may what, and what can be changed.

import { reason } from '../lib/api.js';
import { cameraWords, roleLabel, sessionCount } from '../lib/accountwords.js';
import { button, el, icon, iconButton, keyed, setHidden, setSentence, setText } from '../lib/dom.js';
import { clockTime } from '../lib/format.js';
import { userName } from '../lib/rights.js';
import { createEntry, focusIn } from './entry.js';
import { confirmLoss } from './menu.js';

/** @typedef {import('../lib/types.js').User} User */
/** @typedef {import('../lib/types.js').SessionView} Session */

/**
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {import('../lib/accountbook.js').AccountBook} parts.book
 * @param {import('./menu.js').Menu} parts.menu
 * @param {(user?: User) => void} parts.onEdit  an account is to be added, or changed
 * @param {(name: string) => void} parts.onPassword
 */
export function createAccounts(root, { book, menu, onEdit, onPassword }) {
  const title = el('h2', {});
  const add = button([icon('plus'), 'Add an account'], 'add-account', () => onEdit(), 'button primary');
  const said = el('p', { class: 'small', role: 'status', hidden: true, 'data-testid': 'accounts-said' });
  const list = el('ul', { class: 'entries' });
  root.append(el('div', { class: 'part-head' }, title, el('span', { class: 'spring' }), add), said, list);
  /** @type {Map<string|number, ReturnType<typeof make>>} */
  const rows = new Map();
  /** @type {Session[]} */
  let sessions = [];

  /** @param {string} name */
  const sessionsOf = (name) => sessions.filter(({ user }) => user === name);

  /** @param {User} first */
  function make({ name }) {
    const own = name === userName();
    const more = iconButton('more', `More for ${name}`, {
      'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-testid': 'account-menu',
    });
    const entry = createEntry('account', more, own ? 'you' : '');
    const row = { ...entry, user: /** @type {User|null} */ (null) };
    more.addEventListener('click', () => menu.open(more, [
      { name: 'rights', label: 'Role and cameras…', icon: 'people', run: () => row.user && onEdit(row.user) },
      { name: 'password', label: 'New password…', icon: 'rename', run: () => onPassword(name) },
      ...(own || sessionsOf(name).length === 0 ? [] : [endItem(row, name)]),
      { name: 'remove', label: 'Remove…', icon: 'forget', danger: true, run: () => remove(row, name, more) },
    ]));
    return row;
  }

  /** @param {ReturnType<typeof make>} row @param {string} name */
  const endItem = (row, name) => ({
    name: 'end',
    label: 'End its sessions',
    icon: 'signout',
    run: () => attempt(row, book.endSessions(sessionsOf(name).map(({ id }) => id))),
  });

  /** @param {ReturnType<typeof make>} row @param {string} name @param {HTMLElement} more */
  async function remove(row, name, more) {
    const open = sessionsOf(name).length;
    const sure = await confirmLoss({
      title: `Remove the account “${name}”?`,
      what: `${open ? `Its ${sessionCount(open)} and its` : 'Its'} API tokens end, and nobody signs in as ${name} any `
        + 'more. This cannot be undone.',
      yes: 'Remove this account',
    });
    if (sure) attempt(row, book.removeUser(name));
    else more.focus();
  }

  /**
   * Shows beside the account why the hub refused; where the account has gone meanwhile, above.
   * @param {ReturnType<typeof make>} row @param {Promise<unknown>} asked
   */
  async function attempt(row, asked) {
    setSentence(said, '');
    row.refuse('');
    try {
      await asked;
    } catch (error) {
      if (row.element.isConnected) row.refuse(reason(error));
      else setSentence(said, reason(error));
    }
    focusIn(list, add);
  }

  /** @param {import('../lib/views.js').AccountsView|null} view */
  function setState(view) {
    const users = view?.users ?? [];
    setHidden(root, users.length === 0);
    sessions = view?.sessions ?? [];
    setText(title, `Accounts (${users.length})`);
    keyed(list, users, rows, {
      key: (user) => user.name,
      make,
      update(row, user) {
        row.user = user;
        const open = sessionsOf(user.name);
        const last = Math.max(...open.map(({ created_at }) => created_at));
        row.setState(user.name, [roleLabel(user.role), cameraWords(user.cameras, view?.named ?? []),
          sessionCount(open.length), open.length ? `last sign-in ${clockTime(last, view?.now_s)}` : '']);
      },
    });
  }

  return {
    setState,
    /** @param {string} sentence */
    say: (sentence) => setSentence(said, sentence),
  };
}
