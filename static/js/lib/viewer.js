// @ts-nocheck
// What looks at the hub: joins the socket, a painter for each camera and the gate of the results. It runs beside
// the page in a worker, or in the page where a browser has none; both speak to it in messages only.

import { createClock } from './clock.js';
import { createGate } from './gate.js';
import { createPainter } from './painter.js';
import { createSocket } from './socket.js';

const REPORT_MS = 250;

/**
 * @param {(message: object) => void} post  to the page: `text` (a message of the hub), `pictures`, `clock`, `lost`, `retry`
 * @returns {(message: object) => void}  from the page: `open`, `hurry`, `watch`, `canvas`, `forget`
 */
export function createViewer(post) {
  const clock = createClock();
  /** @type {Map<string, ReturnType<typeof createPainter>>} */
  const painters = new Map();
  const active = new Set();
  let watched = [];
  let timer = 0;
  const gate = createGate((message) => post({ type: 'text', message }));
  const socket = createSocket({
    clock,
    onMessage: receive,
    onPicture: paint,
    onLost: () => { gate.clear(); post({ type: 'lost' }); },
    onRetry: () => post({ type: 'retry' }),
  });

  function receive(message) {
    if (message.type === 'hello' || message.type === 'pong') post({ type: 'clock', offset_s: clock.offset_s() });
    if (message.type === 'hello') watch(watched, watched);
    if (message.type === 'result') gate.hold(message, painters.get(message.camera_id)?.shownAt() ?? null);
    else if (message.type !== 'pong') post({ type: 'text', message });
  }

  function paint(header, jpeg) {
    const painter = watched.includes(header.camera) && painters.get(header.camera);
    if (painter) painter.push(header, jpeg);
    else acknowledge(header);
  }

  const acknowledge = ({ camera, seq }) => socket.send({ type: 'ack', camera, seq });

  function shown(camera, changed) {
    const painter = painters.get(camera);
    if (!painter) return;
    gate.shown(camera, painter.shownAt());
    if (changed) post({ type: 'pictures', reports: { [camera]: painter.report() } });
    active.add(camera);
    timer ||= setTimeout(report, REPORT_MS);
  }

  /** The page is told now and then, not of every picture; and no longer when no more are painted. */
  function report() {
    const reports = {};
    for (const camera of active) {
      reports[camera] = painters.get(camera).report();
      if (reports[camera].fps === 0) active.delete(camera);
    }
    post({ type: 'pictures', reports });
    timer = active.size ? setTimeout(report, REPORT_MS) : 0;
  }

  /** @param {string[]} cameras whose pictures are wanted @param {string[]} fresh those that were not till now */
  function watch(cameras, fresh) {
    watched = cameras;
    fresh.forEach((camera) => painters.get(camera)?.begin());
    socket.send({ type: 'watch', cameras });
  }

  const orders = {
    open: ({ url }) => socket.open(url),
    hurry: () => socket.hurry(),
    watch: ({ cameras }) => watch(cameras, cameras.filter((camera) => !watched.includes(camera))),
    canvas({ camera, canvas }) {
      painters.set(camera, createPainter({ canvas, now: clock.now, acknowledge, onShown: (changed) => shown(camera, changed) }));
    },
    forget({ camera }) {
      painters.delete(camera);
      active.delete(camera);
      gate.forget(camera);
    },
  };
  return (message) => orders[message.type](message);
}
