// Cameras that are being forgotten: gone from the page at once, from the hub after ten seconds, in which it is undone.

import { api, reason } from './api.js';

export const UNDO_S = 10;

/** @typedef {ReturnType<typeof createForgetting>} Forgetting */

/**
 * @param {object} parts
 * @param {ReturnType<typeof import('./store.js').createStore>} parts.store
 * @param {(sentence: string) => void} parts.say
 * @param {(text: string|null, seconds: number) => void} parts.offer  what can be undone, and how long; null: nothing
 */
export function createForgetting({ store, say, offer }) {
  /** @type {string[]} */
  let ids = [];
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;

  /** Asks the hub for it now; whatever is refused is shown again. */
  async function finish() {
    clearTimeout(timer);
    const going = ids;
    ids = [];
    offer(null, 0);
    for (const id of going) {
      try {
        await api.forget(id);
        store.gone(id);
      } catch (error) {
        store.setForgotten(id, false);
        say(reason(error));
      }
    }
  }

  // Whoever closes the page has not undone it.
  window.addEventListener('pagehide', () => {
    ids.forEach((id) => api.forgetLate(id));
    ids = [];
  });

  return {
    finish,
    /** @param {Pick<import('./types.js').CameraView, 'id'|'name'>[]} cameras */
    begin(cameras) {
      if (ids.length) finish();
      ids = cameras.map(({ id }) => id);
      ids.forEach((id) => store.setForgotten(id, true));
      const [{ name }] = cameras;
      offer(cameras.length === 1 ? `${name} is forgotten.` : `${cameras.length} cameras are forgotten.`, UNDO_S);
      timer = setTimeout(finish, UNDO_S * 1000);
    },
    undo() {
      clearTimeout(timer);
      ids.forEach((id) => store.setForgotten(id, false));
      ids = [];
      offer(null, 0);
    },
  };
}
