// Which browsers are signed in: the viewer's own, or for administrators those of others.

import { reason } from '../lib/api.js';
import { browserWords } from '../lib/accountwords.js';
import { button, el, keyed, setHidden, setSentence } from '../lib/dom.js';
import { clockTime } from '../lib/format.js';
import { userName } from '../lib/rights.js';
import { createEntry, focusIn } from './entry.js';

/** @typedef {import('../lib/types.js').SessionView} Session */

const NOW_S = 30;
const TITLES = { own: 'Your sessions', others: 'Sessions of others' };
const EXPLAIN = {
  own: 'Browsers that are signed in as you. If you do not know one, end it, and change your password.',
  others: 'A browser whose session you end is at the sign-in page within two seconds.',
};
const WITHOUT = 'Browsers that are signed in without an account, as this one is.';

/**
 * @param {HTMLElement} root
 * @param {{book: import('../lib/accountbook.js').AccountBook, whose: 'own'|'others'}} parts
 */
export function createSessions(root, { book, whose }) {
  const all = button('End all others', 'end-others', () => attempt(null, ended.map(({ id }) => id)));
  const title = el('h2', { tabIndex: -1 }, TITLES[whose]);
  const problem = el('p', {
    class: 'problem', role: 'status', hidden: true, 'data-testid': `${whose}-sessions-problem`,
  });
  const list = el('ul', { class: 'entries', 'data-testid': `${whose}-sessions` });
  const head = el('div', { class: 'part-head' }, title, el('span', { class: 'spring' }), whose === 'own' ? all : null);
  const explain = whose === 'own' && !userName() ? WITHOUT : EXPLAIN[whose];
  root.append(head, el('p', { class: 'quiet small' }, explain), problem, list);
  /** @type {Map<string|number, ReturnType<typeof make>>} */
  const rows = new Map();
  /** @type {Session[]} those that "End all others" ends */
  let ended = [];
  /** @type {import('../lib/types.js').User[]} */
  let accounts = [];

  /** @param {Session} session */
  function make(session) {
    const end = session.current ? null : button('End', 'end-session', () => attempt(end, [session.id]));
    end?.setAttribute('aria-label', `End the session of ${browserWords(session.browser)} at ${session.address}`);
    return createEntry('session', end, session.current ? 'this browser' : '');
  }

  /** @param {HTMLButtonElement|null} pressed @param {string[]} ids */
  async function attempt(pressed, ids) {
    setSentence(problem, '');
    if (pressed) pressed.disabled = true;
    try {
      await book.endSessions(ids);
    } catch (error) {
      setSentence(problem, reason(error));
      if (pressed) pressed.disabled = false;
    }
    focusIn(list, title);
  }

  /** The hub has a name of its own for those who have no account. @param {Session} session */
  function titleOf({ user, browser }) {
    if (whose === 'own') return browserWords(browser);
    return `${accounts.some(({ name }) => name === user) ? user : 'without an account'} · ${browserWords(browser)}`;
  }

  /** @param {import('../lib/views.js').AccountsView|null} view */
  function setState(view) {
    const sessions = view?.sessions ?? [];
    const me = view?.me?.name;
    accounts = view?.users ?? [];
    const shown = sessions.filter(({ user }) => (user === me) === (whose === 'own'));
    ended = shown.filter(({ current }) => !current);
    setHidden(root, shown.length === 0);
    setHidden(all, ended.length === 0);
    keyed(list, shown, rows, {
      key: ({ id }) => id,
      make,
      update: (row, session) => row.setState(titleOf(session), factsOf(session, view?.now_s)),
    });
  }

  return { setState };
}

/** @param {Session} session @param {number} [now_s] */
function factsOf({ address, created_at, seen_at }, now_s = Date.now() / 1000) {
  const seen = seen_at === null ? '' : `last seen ${clockTime(seen_at, now_s)}`;
  const isNow = seen_at !== null && now_s - seen_at < NOW_S;
  return [address && `from ${address}`, `since ${clockTime(created_at, now_s)}`, isNow ? 'in use now' : seen];
}
