// Results wait here until the picture they belong to is shown: a box must not run ahead of what it is drawn around.

const MOST_HELD = 400;

/** @param {(result: import('./types.js').NewResult) => void} pass */
export function createGate(pass) {
  /** @type {Map<string, import('./types.js').NewResult[]>} by camera, oldest first */
  const held = new Map();

  return {
    /**
     * @param {import('./types.js').NewResult} result
     * @param {number|null} shown_s time of the picture that is shown now, null without one
     */
    hold(result, shown_s) {
      if (shown_s === null || result.captured_at <= shown_s) {
        held.delete(result.camera_id);
        pass(result);
        return;
      }
      held.set(result.camera_id, [...(held.get(result.camera_id) ?? []), result].slice(-MOST_HELD));
    },
    /**
     * The newest that the picture has reached is passed on; older ones are past.
     * @param {string} camera @param {number} shown_s
     */
    shown(camera, shown_s) {
      const results = held.get(camera);
      const due = results?.findLast((result) => result.captured_at <= shown_s);
      if (!results || !due) return;
      held.set(camera, results.filter((result) => result.captured_at > shown_s));
      pass(due);
    },
    /** @param {string} camera */
    forget: (camera) => held.delete(camera),
    clear: () => held.clear(),
  };
}
