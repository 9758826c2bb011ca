// Who asks: name, role, cameras, the password. Where nobody has an account yet, it begins with the first one.

import { api } from '../lib/api.js';
import { ROLES, cameraWords, roleLabel } from '../lib/accountwords.js';
import { button, el, icon, setHidden, setSentence, setText } from '../lib/dom.js';
import { isAdmin, userName } from '../lib/rights.js';

const WHY_FIRST = 'Nobody has an account yet, so all who come in may do everything, and the change log cannot say who '
  + 'did what. With an account a person signs in by name and password, and you choose the role and the cameras.';
const KEYS = { token: 'with the administrator token', link: 'with the one-time link' };

/**
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {'token'|'link'} parts.key  what signs in without an account
 * @param {() => void} parts.onFirst  the first account is to be added
 * @param {(name: string) => void} parts.onPassword
 */
export function createOwnAccount(root, { key, onFirst, onPassword }) {
  const add = button([icon('plus'), 'Add the first account'], 'add-first', onFirst, 'button primary');
  const first = el('div', { class: 'invitation first', hidden: true, 'data-testid': 'first-account' },
    el('h2', {}, 'Add the first account'), el('p', { class: 'quiet' }, WHY_FIRST), add);
  const name = el('h2', { class: 'own-name', 'data-testid': 'own-name' });
  const rights = el('p', { 'data-testid': 'own-rights' });
  const meaning = el('p', { class: 'quiet small', 'data-testid': 'own-meaning' });
  const change = button('Change your password…', 'change-password', () => onPassword(userName()));
  const out = button('Sign out', 'own-sign-out', () => api.signOut());
  const said = el('p', { class: 'small', role: 'status', hidden: true, 'data-testid': 'own-said' });
  const own = el('div', { class: 'own' }, el('div', { class: 'own-words' }, name, rights, meaning, said), change, out);
  root.append(first, own);

  /** @param {import('../lib/views.js').AccountsView|null} view */
  function setState(view) {
    const me = view?.me ?? null;
    const named = userName() !== '';
    const none = view?.users?.length === 0;
    setHidden(own, me === null || none);
    setHidden(first, me === null || !isAdmin() || !none);
    setHidden(change, !named);
    setHidden(out, named);
    if (!view || !me) return;
    setText(name, named ? me.name : 'You have no account');
    setText(rights, `${roleLabel(me.role)} · ${cameraWords(me.cameras, view.named)}`);
    setText(meaning, named ? ROLES.find((role) => role.name === me.role)?.may ?? ''
      : `You are signed in ${KEYS[key]}, so there is no password to change here.`
        + ' Sign out, and sign in with an account: then the change log says what you did.');
  }

  return {
    setState,
    /** @param {string} sentence */
    say: (sentence) => setSentence(said, sentence),
    /** The first account is there: now it should be used. @param {string} account */
    offerSignOut(account) {
      setSentence(said, `${account} can sign in now.`);
      out.classList.add('primary');
      out.focus();
    },
  };
}
