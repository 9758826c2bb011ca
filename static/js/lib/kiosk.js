// A wall that is only looked at: views take turns, and the screen stays awake where the browser allows it.

/**
 * Which view comes after another.
 * @param {string[]} names @param {string|null} now @returns {string|null}
 */
export function nextView(names, now) {
  if (names.length === 0) return null;
  return names[(names.indexOf(now ?? '') + 1) % names.length];
}

/** Why the screen cannot be kept awake; empty where it can. */
export function awakeProblem() {
  if (!window.isSecureContext) return 'The screen may go dark: a browser keeps it awake only over https.';
  return 'wakeLock' in navigator ? '' : 'The screen may go dark: this browser cannot keep it awake.';
}

/** Keeps the screen awake while the page is in sight, until the answer is called. @returns {() => void} */
export function keepAwake() {
  /** @type {WakeLockSentinel|null} */
  let lock = null;
  let isWanted = true;

  async function ask() {
    if (!isWanted || document.hidden || awakeProblem()) return;
    lock = await navigator.wakeLock.request('screen').catch(() => null);
    if (!isWanted) lock?.release();
  }

  ask();
  document.addEventListener('visibilitychange', ask);
  return () => {
    isWanted = false;
    document.removeEventListener('visibilitychange', ask);
    lock?.release();
  };
}
