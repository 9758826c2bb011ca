// Asks the hub again for what a page shows beside the cameras: now and then, and after each change.

import { reason } from './api.js';

/**
 * An answer to an older request than the newest is ignored.
 * @template Answer
 * @param {object} parts
 * @param {() => Promise<Answer>} parts.ask
 * @param {(answer: Answer) => void|Promise<void>} parts.take
 * @param {(sentence: string) => void} parts.fail
 */
export function createRefresher({ ask, take, fail }) {
  let asked = 0;
  let newest = Promise.resolve();

  /** Ends when the state is that of the newest request: whoever has changed something sees his change. */
  function refresh() {
    asked += 1;
    newest = load(asked);
    return newest;
  }

  /** @param {number} mine */
  async function load(mine) {
    try {
      const answer = await ask();
      if (mine === asked) await take(answer);
      else await newest;
    } catch (error) {
      fail(reason(error));
    }
  }

  /**
   * Returns the answer to a change, or throws its error; either way the page then shows what the hub says.
   * @template Changed @param {Promise<Changed>} change
   */
  async function after(change) {
    try {
      return await change;
    } finally {
      await refresh();
    }
  }

  return { refresh, after };
}
