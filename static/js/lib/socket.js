// The only module that owns the socket: it opens it, keeps it alive and says when to open it again. Runs in a
// worker.

import { seconds } from './clock.js';
import { parsePicture } from './wire.js';

const PING_MS = 2000;
const MISSED_PINGS = 4;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;

/**
 * @param {object} parts
 * @param {ReturnType<typeof import('./clock.js').createClock>} parts.clock
 * @param {(message: any) => void} parts.onMessage
 * @param {(header: import('./types.js').PictureHead, jpeg: Uint8Array<ArrayBuffer>) => void} parts.onPicture
 * @param {() => void} parts.onLost
 * @param {() => void} parts.onRetry  now is the time to open it again
 */
export function createSocket({ clock, onMessage, onPicture, onLost, onRetry }) {
  /** @type {WebSocket|null} */
  let socket = null;
  let wait_ms = FIRST_WAIT_MS;
  /** @type {ReturnType<typeof setTimeout>|undefined} undefined: nothing waits */
  let retryTimer;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  let pingTimer;
  let missed = 0;

  /** @param {string} url */
  function open(url) {
    clearTimeout(retryTimer);
    retryTimer = undefined;
    const mine = new WebSocket(url);
    socket = mine;
    mine.binaryType = 'arraybuffer';
    mine.onopen = () => startPinging();
    mine.onmessage = (event) => { if (socket === mine) receive(event.data); };
    mine.onclose = () => { if (socket === mine) lost(); };
  }

  /** @param {string|ArrayBuffer} data */
  function receive(data) {
    missed = 0;
    if (typeof data !== 'string') {
      const { header, jpeg } = parsePicture(data);
      onPicture(header, jpeg);
      return;
    }
    const message = JSON.parse(data);
    if (message.type === 'pong') clock.sample(message.t, message.hub_time);
    if (message.type === 'hello') {
      wait_ms = FIRST_WAIT_MS;
      clock.restart(message.hub_time);
      ping();
    }
    onMessage(message);
  }

  function startPinging() {
    clearInterval(pingTimer);
    missed = 0;
    // A dead network sends no close: only unanswered pings show it.
    pingTimer = setInterval(() => {
      missed += 1;
      if (missed > MISSED_PINGS) drop();
      else ping();
    }, PING_MS);
  }

  const ping = () => send({ type: 'ping', t: seconds() });

  function drop() {
    const old = socket;
    socket = null;
    old?.close();
    lost();
  }

  function lost() {
    socket = null;
    clearInterval(pingTimer);
    onLost();
    const pause_ms = wait_ms * (0.75 + Math.random() * 0.5);
    wait_ms = Math.min(wait_ms * 2, LONGEST_WAIT_MS);
    retryTimer = setTimeout(retry, pause_ms);
  }

  function retry() {
    retryTimer = undefined;
    onRetry();
  }

  /** Tries at once instead of waiting: the network or the tab has just come back. */
  function hurry() {
    if (retryTimer === undefined) return;
    clearTimeout(retryTimer);
    wait_ms = FIRST_WAIT_MS;
    retry();
  }

  /** @param {object} message */
  function send(message) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  return { open, send, hurry };
}
