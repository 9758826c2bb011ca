// What the page Accounts knows beside the cameras: who asks, the accounts, sessions and API tokens.

import { ApiError, api } from './api.js';
import { createRefresher } from './refresher.js';
import { isAdmin } from './rights.js';

/** @typedef {ReturnType<typeof createAccountBook>} AccountBook */

/** @type {import('./views.js').AccountState} */
const EMPTY = { me: null, users: null, sessions: [], tokens: [], trouble: '' };

/** @param {{onChange: () => void}} parts */
export function createAccountBook({ onChange }) {
  let state = EMPTY;

  /** @param {Partial<import('./views.js').AccountState>} fields */
  function take(fields) {
    state = { ...state, ...fields };
    onChange();
  }

  async function ask() {
    const accounts = isAdmin() ? api.users() : null;
    const answers = await Promise.all([api.me(), api.sessions(), api.tokens(), accounts]);
    const [me, { sessions }, { tokens }, users] = answers;
    return { me, sessions, tokens, users: users?.users ?? null, trouble: '' };
  }

  const { refresh, after } = createRefresher({ ask, take, fail: (trouble) => take({ trouble }) });

  return {
    state: () => state,
    refresh,
    /** @param {object} fields  name, password, role, cameras */
    addUser: (fields) => after(api.addUser(fields)),
    /** @param {string} name @param {object} fields */
    changeUser: (name, fields) => after(api.changeUser(name, fields)),
    /** @param {string} name */
    removeUser: (name) => after(api.removeUser(name)),
    /** @param {string[]} ids */
    endSessions: (ids) => after(Promise.all(ids.map((id) => gone(api.endSession(id))))),
    /** @param {object} fields  name, role, cameras, expires_at */
    makeToken: (fields) => after(api.makeToken(fields)),
    /** @param {string} id */
    endToken: (id) => after(gone(api.endToken(id))),
  };
}

/** What has ended meanwhile is what the viewer wished for. @param {Promise<unknown>} end */
const gone = (end) => end.catch((error) => {
  if (!(error instanceof ApiError) || error.status !== 404) throw error;
});
