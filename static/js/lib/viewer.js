// What looks at the hub: joins the socket, a painter for each camera and the gate of the results. It runs in a worker
// beside the page, which speaks to it in messages only.
// The painter draws what was found; the gate lets the page know of it when its picture is shown, for the words.

import { createClock } from './clock.js';
import { createGate } from './gate.js';
import { createPainter } from './painter.js';
import { createSocket } from './socket.js';

const REPORT_MS = 250;

/**
 * @param {(message: object) => void} post  to the page: `text` (a message of the hub), `pictures`, `drawn`, `clock`,
 *   `lost`, `retry`
 * @returns {(message: import('./live.js').Order) => void}  from the page: one of the `orders` below
 */
export function createViewer(post) {
  const clock = createClock();
  /** @type {Map<string, ReturnType<typeof createPainter>>} */
  const painters = new Map();
  /** @type {Set<string>} */
  const active = new Set();
  /** @type {string[]} */
  let watched = [];
  /** @type {ReturnType<typeof setTimeout>|undefined} undefined: nothing is to be reported */
  let timer;
  let most_s = 0;
  /** @type {import('./views.js').Layers|null} null: all */
  let layers = null;
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

  /** @param {any} message of the hub */
  function receive(message) {
    if (message.type === 'hello' || message.type === 'pong') post({ type: 'clock', offset_s: clock.offset_s() });
    if (message.type === 'hello') watch(watched, watched);
    if (message.type === 'result') result(message);
    else if (message.type !== 'pong') post({ type: 'text', message });
  }

  /** @param {import('./types.js').NewResult} message */
  function result(message) {
    const painter = painters.get(message.camera_id);
    painter?.result(message);
    gate.hold(message, painter?.shownAt() ?? null);
  }

  /** @param {import('./types.js').PictureHead} header @param {Uint8Array<ArrayBuffer>} jpeg */
  function paint(header, jpeg) {
    const painter = watched.includes(header.camera) && painters.get(header.camera);
    if (painter) painter.push(header, jpeg);
    else acknowledge(header);
  }

  /** @param {import('./types.js').PictureHead} header */
  const acknowledge = ({ camera, seq }) => socket.send({ type: 'ack', camera, seq });

  /** @param {string} camera @param {boolean} changed */
  function shown(camera, changed) {
    const painter = painters.get(camera);
    if (!painter) return;
    const shown_s = painter.shownAt();
    if (shown_s !== null) gate.shown(camera, shown_s);
    if (changed) post({ type: 'pictures', reports: { [camera]: painter.report() } });
    active.add(camera);
    timer ||= setTimeout(report, REPORT_MS);
  }

  /** The page is told now and then, not of every picture; and no longer when no more are painted. */
  function report() {
    /** @type {Object<string, import('./views.js').PaintReport>} */
    const reports = {};
    for (const camera of active) {
      const painter = painters.get(camera);
      if (painter) reports[camera] = painter.report();
      if (!painter || reports[camera].fps === 0) active.delete(camera);
    }
    post({ type: 'pictures', reports });
    timer = active.size ? setTimeout(report, REPORT_MS) : undefined;
  }

  /** @param {string[]} cameras whose pictures are wanted @param {string[]} fresh those that were not till now */
  function watch(cameras, fresh) {
    watched = cameras;
    fresh.forEach((camera) => painters.get(camera)?.begin());
    socket.send({ type: 'watch', cameras });
  }

  /** @type {Object<string, (order: any) => void>} */
  const orders = {
    open: ({ url }) => socket.open(url),
    hurry: () => socket.hurry(),
    /** @param {{cameras: string[]}} order */
    watch: ({ cameras }) => watch(cameras, cameras.filter((camera) => !watched.includes(camera))),
    canvas({ camera, canvas, boxes, look }) {
      const painter = createPainter({
        canvas, boxes, look, now: clock.now, acknowledge,
        onShown: (changed) => shown(camera, changed),
        onDrawn: (drawn) => post({ type: 'drawn', camera, drawn }),
      });
      painter.setMost(most_s);
      if (layers) painter.setLayers(layers);
      painters.set(camera, painter);
    },
    size: ({ camera, size }) => painters.get(camera)?.setSize(size),
    ask: ({ camera, asked }) => painters.get(camera)?.setAsked(asked),
    hold({ seconds }) {
      most_s = seconds;
      painters.forEach((painter) => painter.setMost(seconds));
    },
    layers(order) {
      ({ layers } = order);
      painters.forEach((painter) => painter.setLayers(order.layers));
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
