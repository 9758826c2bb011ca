// @ts-nocheck
// What this browser remembers about its own view. A browser that refuses storage just forgets.

const PREFIX = 'convergecast.';

export function recall(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Private windows may forbid it; the page works without.
  }
}
