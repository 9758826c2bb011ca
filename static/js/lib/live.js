// The page's end of lib/viewer.js, which lives in a worker.

import { seconds } from './clock.js';
import { lookOfPage } from './overlay.js';

const AGAIN_MS = 3000;

/**
 * @typedef {import('./views.js').Drawn} Drawn
 * @typedef {Object<string, import('./views.js').PaintReport>} Reports  by camera
 *
 * What the page tells lib/viewer.js; the rest depends on the type.
 * @typedef {{type: string, canvas?: HTMLCanvasElement, boxes?: HTMLCanvasElement|null, [field: string]: any}} Order
 */

/**
 * @param {object} parts
 * @param {string} parts.url of the socket
 * @param {(message: any) => void} parts.onMessage  what the hub tells
 * @param {(reports: Reports) => void} [parts.onPictures]  now and then
 * @param {(camera: string, drawn: Drawn) => void} parts.onDrawn  each picture of cameras that `tell` was called for
 * @param {(link: 'lost'|'unable') => void} parts.onLink  the hub is lost, or this browser cannot show pictures
 * @param {() => Promise<boolean>} parts.mayReturn  false when the session is gone and trying again is useless
 */
export function createLive({ url, onMessage, onPictures = () => {}, onDrawn, onLink, mayReturn }) {
  let offset_s = Date.now() / 1000 - seconds();
  let most_s = 0;
  let drawn = '';
  /** @type {Map<string, string>} what was asked for last, by camera */
  const asks = new Map();
  /** @type {Worker|null} null: none has started */
  let worker = null;
  /** @type {Order[]} for the worker, once it has started: a canvas can be given away only once */
  const waiting = [];

  function start() {
    const made = new Worker(new URL('./liveworker.js', import.meta.url), { type: 'module' });
    made.onmessage = ({ data }) => {
      if (data.type === 'ready') begin(made);
      else receive(data);
    };
    made.onerror = (error) => { if (worker !== made) failed(made, error); };
  }

  /** @param {Worker} made */
  function begin(made) {
    worker = made;
    waiting.splice(0).forEach(order);
  }

  /**
   * An error with a message is of a script that this browser does not understand. Without one the script did not come:
   * the hub starts, or the network is gone.
   * @param {Worker} made @param {ErrorEvent} error
   */
  function failed(made, error) {
    made.terminate();
    if (error.message) {
      onLink('unable');
      return;
    }
    onLink('lost');
    setTimeout(() => mayReturn().then((may) => { if (may) start(); }), AGAIN_MS);
  }

  /** @param {Order} message */
  function order(message) {
    if (worker === null) {
      waiting.push(message);
      return;
    }
    const given = [message.canvas, message.boxes].map((each) => each?.transferControlToOffscreen());
    const [canvas, boxes] = given;
    worker.postMessage(canvas ? { ...message, canvas, boxes } : message, given.filter((each) => each !== undefined));
  }

  /** @param {any} message of lib/viewer.js */
  function receive(message) {
    switch (message.type) {
      case 'text': onMessage(message.message); break;
      case 'pictures': onPictures(message.reports); break;
      case 'drawn': onDrawn(message.camera, message.drawn); break;
      case 'clock': ({ offset_s } = message); break;
      case 'lost': onLink('lost'); break;
      case 'retry': mayReturn().then((may) => { if (may) order({ type: 'open', url }); }); break;
      default: break;
    }
  }

  const hurry = () => { if (worker !== null) order({ type: 'hurry' }); };
  window.addEventListener('online', hurry);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) hurry(); });
  return {
    open() {
      if (!able()) {
        onLink('unable');
        return;
      }
      order({ type: 'open', url });
      start();
    },
    /** @param {string[]} cameras the whole list of those whose pictures are wanted from now on */
    watch: (cameras) => order({ type: 'watch', cameras }),
    /**
     * Pictures of this camera are drawn there from now on.
     * @param {string} camera
     * @param {HTMLCanvasElement} canvas
     * @param {HTMLCanvasElement|null} boxes  for what was found in them
     */
    show(camera, canvas, boxes = null) {
      asks.delete(camera);
      order({ type: 'canvas', camera, canvas, boxes, look: boxes && lookOfPage() });
    },
    /**
     * @param {string} camera
     * @param {{width: number, height: number, ratio: number}} size  of its picture, in CSS pixels
     */
    size: (camera, size) => order({ type: 'size', camera, size }),
    /**
     * What is asked for of a camera now: nothing else is drawn.
     * @param {import('./types.js').CameraView} camera
     * @param {import('./types.js').Option[]} options  that there are
     */
    ask(camera, options) {
      const asked = {
        camera: { options: camera.options, objects: camera.objects }, options, failing: Boolean(camera.analysis_error),
      };
      const text = JSON.stringify(asked);
      if (asks.get(camera.id) === text) return;
      asks.set(camera.id, text);
      order({ type: 'ask', camera: camera.id, asked });
    },
    /**
     * How long pictures may be held back for what is found in them; 0: they are shown at once.
     * @param {number} seconds
     */
    hold(seconds) {
      if (seconds === most_s) return;
      most_s = seconds;
      order({ type: 'hold', seconds });
    },
    /** What of what is found is drawn. @param {import('./views.js').Layers} layers */
    layers(layers) {
      const text = JSON.stringify(layers);
      if (text === drawn) return;
      drawn = text;
      order({ type: 'layers', layers });
    },
    /**
     * `onDrawn` is called for each picture of this camera.
     * @param {string} camera
     */
    tell: (camera, on = true) => order({ type: 'tell', camera, on }),
    /** @param {string} camera */
    forget: (camera) => order({ type: 'forget', camera }),
    /** UNIX seconds by the hub's clock */
    now: () => seconds() + offset_s,
  };
}

const able = () => ['Worker', 'OffscreenCanvas'].every((name) => name in window)
  && 'transferControlToOffscreen' in HTMLCanvasElement.prototype;
