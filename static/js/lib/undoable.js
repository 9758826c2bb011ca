// What can be undone for some seconds: it is gone from the page at once, and from the hub after them.

/**
 * @param {object} parts
 * @param {number} parts.seconds
 * @param {(text: string|null, seconds: number) => void} parts.offer  what can be undone, and how long; null: nothing
 * @param {(id: string, gone: boolean) => void} parts.setGone  hides it, or shows it again
 * @param {(id: string) => Promise<unknown>} parts.ask  the hub for it
 * @param {(id: string) => void} parts.askLate  while the page is being left
 * @param {(error: unknown) => void} parts.refused
 */
export function createUndoable({ seconds, offer, setGone, ask, askLate, refused }) {
  /** @type {string[]} */
  let ids = [];
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;

  function take() {
    clearTimeout(timer);
    const taken = ids;
    ids = [];
    offer(null, 0);
    return taken;
  }

  /** Asks the hub for it now; whatever is refused is shown again. */
  async function finish() {
    for (const id of take()) {
      try {
        await ask(id);
      } catch (error) {
        setGone(id, false);
        refused(error);
      }
    }
  }

  // Whoever closes the page has not undone it.
  window.addEventListener('pagehide', () => take().forEach(askLate));

  return {
    finish,
    /** @param {string[]} next @param {string} text */
    begin(next, text) {
      finish();
      ids = next;
      ids.forEach((id) => setGone(id, true));
      offer(text, seconds);
      timer = setTimeout(finish, seconds * 1000);
    },
    undo() {
      take().forEach((id) => setGone(id, false));
    },
  };
}
