// The viewer's API tokens, for programs such as home automation.

import { reason } from '../lib/api.js';
import { cameraWords, roleLabel } from '../lib/accountwords.js';
import { button, el, icon, keyed, setHidden, setSentence, setText } from '../lib/dom.js';
import { clockTime, date } from '../lib/format.js';
import { userName } from '../lib/rights.js';
import { createEntry, focusIn } from './entry.js';
import { confirmLoss } from './menu.js';

/** @typedef {import('../lib/types.js').TokenView} Token */

const WHAT = 'With a token a program fetches pictures or uses the API without your password.';
const OF_HUB = ' You have no account, so these belong to the hub itself.';
const LATER = ' Sign in with an account first: a token belongs to one, which can end it.';

/**
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {import('../lib/accountbook.js').AccountBook} parts.book
 * @param {'token'|'link'} parts.key  what signs in without an account; the link's holder makes no tokens
 * @param {() => void} parts.onMake
 */
export function createTokens(root, { book, key, onMake }) {
  const later = key === 'link' && !userName();
  const add = button([icon('plus'), 'Make a token'], 'make-token', onMake);
  const explain = el('p', { class: 'quiet small', 'data-testid': 'tokens-meaning' }, WHAT + ofWhom(later));
  const none = el('p', { class: 'quiet small', 'data-testid': 'no-tokens' });
  const problem = el('p', { class: 'problem', role: 'status', hidden: true, 'data-testid': 'tokens-problem' });
  const list = el('ul', { class: 'entries', 'data-testid': 'tokens' });
  setHidden(add, later);
  root.append(el('div', { class: 'part-head' }, el('h2', {}, 'API tokens'), el('span', { class: 'spring' }), add),
    explain, none, problem, list);
  /** @type {Map<string|number, ReturnType<typeof make>>} */
  const rows = new Map();

  /** @param {Token} token */
  function make({ id, name }) {
    const end = button('Revoke…', 'revoke-token', () => revoke(id, name, end));
    end.setAttribute('aria-label', `Revoke ${name}`);
    return createEntry('token', end);
  }

  /** @param {string} id @param {string} name @param {HTMLElement} pressed */
  async function revoke(id, name, pressed) {
    const sure = await confirmLoss({
      title: `Revoke “${name}”?`,
      what: 'Programs that use this token are refused from now on, and open streams end. This cannot be undone.',
      yes: 'Revoke this token',
    });
    if (!sure) { pressed.focus(); return; }
    setSentence(problem, '');
    try {
      await book.endToken(id);
    } catch (error) {
      setSentence(problem, reason(error));
    }
    focusIn(list, add);
  }

  /** @param {import('../lib/views.js').AccountsView|null} view */
  function setState(view) {
    const tokens = view?.tokens ?? [];
    setText(none, view?.me && !later && tokens.length === 0 ? 'There is none yet.' : '');
    keyed(list, tokens, rows, {
      key: ({ id }) => id,
      make,
      update: (row, token) => row.setState(token.name, factsOf(token, view)),
    });
  }

  return { setState };
}

/** @param {boolean} later */
const ofWhom = (later) => {
  if (userName()) return '';
  return later ? LATER : OF_HUB;
};

/** @param {Token} token @param {import('../lib/views.js').AccountsView|null} view */
function factsOf({ role, cameras, created_at, expires_at }, view) {
  const ends = expires_at === null ? 'never expires' : `expires ${date(expires_at, view?.now_s)}`;
  const made = `made ${clockTime(created_at, view?.now_s)}`;
  return [roleLabel(role), cameraWords(cameras, view?.named ?? []), made, ends];
}
