// Cameras that are being forgotten: gone from the page at once, from the hub after ten seconds, in which it is undone.

import { api, reason } from './api.js';
import { createUndoable } from './undoable.js';

const UNDO_S = 10;

/** @typedef {ReturnType<typeof createForgetting>} Forgetting */

/**
 * @param {object} parts
 * @param {ReturnType<typeof import('./store.js').createStore>} parts.store
 * @param {(sentence: string) => void} parts.say
 * @param {(text: string|null, seconds: number) => void} parts.offer  what can be undone, and how long; null: nothing
 */
export function createForgetting({ store, say, offer }) {
  const { begin, undo, finish } = createUndoable({
    seconds: UNDO_S,
    offer,
    setGone: store.setForgotten,
    async ask(id) {
      await api.forget(id);
      store.gone(id);
    },
    askLate: api.forgetLate,
    refused: (error) => say(reason(error)),
  });

  return {
    finish,
    undo,
    /** @param {Pick<import('./types.js').CameraView, 'id'|'name'>[]} cameras */
    begin(cameras) {
      const ids = cameras.map(({ id }) => id);
      begin(ids, ids.length === 1 ? `${cameras[0].name} is forgotten.` : `${ids.length} cameras are forgotten.`);
    },
  };
}
