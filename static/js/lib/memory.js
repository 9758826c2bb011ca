// What this browser remembers about its own view. A browser that refuses storage remembers nothing.

const PREFIX = 'convergecast.';

/**
 * @param {string} name
 * @param {unknown} otherwise  what is returned if nothing is stored
 * @returns {unknown} another version of the page, or the viewer, may have stored anything
 */
export function recall(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name) ?? 'null') ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** @param {string} name @param {unknown} value */
export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // A private window may forbid it. The page works without.
  }
}
