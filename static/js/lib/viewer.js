// @ts-nocheck
// What looks at the hub: joins the socket, a painter for each camera and the gate of the results. It runs beside
// the page in a worker, or in the page where a browser has none; both speak to it in messages only.
// The painter draws what was found; the gate lets the page know of it when its picture is shown, for the words.

import { createClock } from './clock.js';
import { createGate } from './gate.js';
import { createPainter } from './painter.js';
import { createSocket } from './socket.js';

const REPORT_MS = 250;

/**
 * @param {(message: object) => void} post  to the page: `text` (a message of the hub), `pictures`, `drawn`, `clock`, `lost`, `retry`
 * @returns {(message: object) => void}  from the page: `open`, `hurry`, `watch`, `canvas`, `size`, `ask`, `hold`, `tell`, `forget`
 */
export function createViewer(post) {
  const clock = createClock();
  /** @type {Map<string, ReturnType<typeof createPainter>>} */
  const painters = new Map();
  const active = new Set();
  let watched = [];
  let timer = 0;
  let most_s = 0;
  const gate = createGate((message) => post({ type: 'text', message }));
  const socket = createSocket({
    clock,
    onMessage: receive,
    onPicture: paint,
    onLost: lost,
    onRetry: () => post({ type: 'retry' }),
  });

  function lost() {
    gate.clear();
    painters.forEach((painter) => painter.lost());
    post({ type: 'lost' });
  }

  function receive(message) {
    if (message.type === 'hello' || message.type === 'pong') post({ type: 'clock', offset_s: clock.offset_s() });
    if (message.type === 'hello') watch(watched, watched);
    if (message.type === 'result') result(message);
    else if (message.type !== 'pong') post({ type: 'text', message });
  }

  function result(message) {
    const painter = painters.get(message.camera_id);
    painter?.result(message);
    gate.hold(message, painter?.shownAt() ?? null);
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
    canvas({ camera, canvas, boxes, look }) {
      const painter = createPainter({
        canvas, boxes, look, now: clock.now, acknowledge,
        onShown: (changed) => shown(camera, changed),
        onDrawn: (drawn) => post({ type: 'drawn', camera, drawn }),
      });
      painter.setMost(most_s);
      painters.set(camera, painter);
    },
    size: ({ camera, size }) => painters.get(camera)?.setSize(size),
    ask: ({ camera, asked }) => painters.get(camera)?.setAsked(asked),
    hold({ seconds }) {
      most_s = seconds;
      painters.forEach((painter) => painter.setMost(seconds));
    },
    tell: ({ camera, on }) => painters.get(camera)?.setTelling(on),
    forget({ camera }) {
      painters.get(camera)?.close();
      painters.delete(camera);
      active.delete(camera);
      gate.forget(camera);
    },
  };
  return (message) => orders[message.type](message);
}
