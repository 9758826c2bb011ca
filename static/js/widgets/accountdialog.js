// Adds an account, the first one too, and changes the role and cameras of one.

import { NAME_RULE, PASSWORD_RULE, changesOf, nameFlaw, passwordFlaw } from '../lib/accountwords.js';
import { el, setHidden, setText } from '../lib/dom.js';
import { createCameraChoice } from './camerachoice.js';
import { createField, createPasswordField } from './field.js';
import { createFormDialog } from './formdialog.js';
import { createRoleChoice } from './rolechoice.js';

/** @typedef {import('../lib/types.js').User} User */

const SEES_ALL = 'An administrator sees every camera.';
const FIRST = 'The first account is an administrator’s, who then adds the others.';

/**
 * @param {object} parts
 * @param {import('../lib/accountbook.js').AccountBook} parts.book
 * @param {(user: User, isNew: boolean) => void} parts.onDone
 */
export function createAccountDialog({ book, onDone }) {
  const note = el('p', { class: 'quiet small', 'data-testid': 'account-note' });
  const name = createField({
    id: 'account-name', label: 'Name', rule: NAME_RULE,
    props: { autocomplete: 'username', autocapitalize: 'off', spellcheck: false, maxLength: 40 },
  });
  const password = createPasswordField({
    id: 'account-password', label: 'Password', autocomplete: 'new-password', rule: PASSWORD_RULE,
  });
  const role = createRoleChoice({ id: 'account', onChange: () => render() });
  const cameras = createCameraChoice({ id: 'account' });
  const seesAll = el('p', { class: 'quiet small', hidden: true }, SEES_ALL);
  /** @type {User|null} the account that is changed; null: a new one */
  let user = null;
  let first = false;
  const form = createFormDialog({
    name: 'account',
    fields: [note, name.element, password.element, role.element, cameras.element, seesAll],
    check() {
      const hasCameras = cameras.check();
      const hasPassword = user !== null || password.refuse(passwordFlaw(password.input.value));
      const hasName = user !== null || name.refuse(nameFlaw(name.input.value.trim()));
      return hasCameras && hasPassword && hasName;
    },
    async send() {
      const old = user;
      const saved = await (old ? book.changeUser(old.name, changesOf(old, rights())) : book.addUser(filled()));
      return () => onDone(saved, old === null);
    },
    done: (tell) => tell(),
    fieldOf(status) {
      if (user) return null;
      // The page has checked the rest: what cannot be now is the password, and what is there already is the name.
      return status === 400 ? password : status === 409 ? name : null;
    },
    clear: () => [name, password].forEach((field) => field.clear()),
  });

  const filled = () => ({ name: name.input.value.trim(), password: password.input.value, ...rights() });

  /** An administrator has no list of cameras. @returns {import('../lib/accountwords.js').Rights} */
  function rights() {
    const chosen = role.value();
    return chosen === 'admin' ? { role: chosen } : { role: chosen, cameras: cameras.value() };
  }

  function render() {
    const limited = role.value() !== 'admin';
    cameras.setNeeded(limited);
    setHidden(seesAll, first || limited);
  }

  return {
    /** @param {{user?: User, own?: boolean, first?: boolean}} [wish] */
    open(wish = {}) {
      user = wish.user ?? null;
      first = wish.first ?? false;
      setHidden(name.element, user !== null);
      setHidden(password.element, user !== null);
      role.open(first ? 'admin' : user?.role ?? 'viewer', first ? [] : undefined);
      cameras.open(user?.cameras ?? null, 'All cameras, also those that are added later');
      const ends = wish.own ? 'A change ends your other sessions.'
        : `A change ends the sessions of ${user?.name}, who then signs in again.`;
      setText(note, first ? FIRST : user ? ends : '');
      setHidden(note, note.textContent === '');
      const title = first ? 'Add the first account' : 'Add an account';
      form.open(user ? `Role and cameras of “${user.name}”` : title, user ? 'Save' : 'Add this account');
      render();
      if (user) role.focus();
      else name.input.focus();
    },
    /** @param {import('../lib/views.js').AccountsView|null} view */
    setState(view) {
      if (view) cameras.setCameras(view.named);
    },
  };
}
