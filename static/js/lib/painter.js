// Shows the pictures of one camera, each at its time, with what was found in it drawn above: one decode at a time,
// and what is too late gives way to what is due. Runs in a worker.

import { createTimeline, validUntil } from './alignment.js';
import { createOverlay } from './overlay.js';
import { createDelay, createHeld, shareOf } from './playback.js';
import { stillAsked } from './words.js';

/** @typedef {import('./types.js').PictureHead} Head */

const RATE_WINDOW_S = 2;
const KEPT_AGES = 300;
/** Of what has no measured latency yet. */
const NAMED_S = 1;
/** @type {import('./views.js').Found} */
const NOTHING_FOUND = { source: 'none', result: null, from: [] };

/**
 * @param {object} parts
 * @param {OffscreenCanvas} parts.canvas
 * @param {OffscreenCanvas|null} parts.boxes  for what was found; null: the page draws that itself
 * @param {import('./views.js').Look|null} parts.look  null without `boxes`
 * @param {() => number} parts.now  UNIX seconds, hub's clock
 * @param {(header: import('./types.js').PictureHead) => void} parts.acknowledge  gives the credit back
 * @param {(changed: boolean) => void} parts.onShown  after each picture; `changed`: in shape, in being readable, live
 *   now and not before, or boxes where there were none
 * @param {(drawn: import('./views.js').Drawn) => void} parts.onDrawn  what lies over the picture now, for who asked
 */
export function createPainter({ canvas, boxes, look, now, acknowledge, onShown, onDrawn }) {
  const context = /** @type {ImageBitmapRenderingContext} */ (canvas.getContext('bitmaprenderer'));
  const overlay = boxes && look && createOverlay(boxes, look);
  const timeline = createTimeline();
  const delay = createDelay(now);
  const held = createHeld();
  const counters = { offered: 0, painted: 0, undecodable: 0, replaced: 0, dropped_by_hub: 0, dropped_by_page: 0 };
  /** @type {import('./views.js').Asked} */
  let asked = { camera: { options: [], objects: { min_score: 0, labels: null } }, options: [], failing: false };
  /** The longest that pictures are held back; 0: not at all. */
  let most_s = 0;
  /** @type {number[]} */
  const ages_ms = [];
  /** @type {number[]} */
  let paintTimes_s = [];
  /** @type {number|null} */
  let lastSeq = null;
  let wanted_s = now();
  let droppedBefore = 0;
  /** @type {import('./types.js').PictureHead|null} */
  let shown = null;
  /** @type {import('./views.js').Found['source']} */
  let source = 'none';
  let broken = false;
  let decoding = false;
  let telling = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  /** @type {Set<Head>} */
  const owed = new Set();

  const isHeld = () => most_s > 0 && asked.camera.options.length > 0;

  /** @param {Head} header @param {Uint8Array<ArrayBuffer>} jpeg */
  function push(header, jpeg) {
    count(header);
    delay.arrived(header.captured_at);
    for (const gone of held.push(header, jpeg, now())) {
      counters.dropped_by_page += 1;
      settle(gone);
    }
    if (isHeld()) acknowledge(header);
    else owed.add(header);
    play();
  }

  /** Gives a picture's credit back, unless it was given when the picture came. @param {Head} header */
  function settle(header) {
    if (owed.delete(header)) acknowledge(header);
  }

  /**
   * Frames are numbered where they are made, so gaps count too, but for the gap after a picture that is older than the
   * wish for it. A number that goes back begins again.
   * @param {Head} header
   */
  function count({ seq, captured_at, dropped }) {
    counters.offered += lastSeq === null || seq <= lastSeq ? 1 : seq - lastSeq;
    counters.dropped_by_hub = droppedBefore + (dropped ?? 0);
    lastSeq = captured_at < wanted_s ? null : seq;
  }

  /** Shows what is due, and comes back when the next picture is. */
  function play() {
    clearTimeout(timer);
    if (decoding) return;
    const delay_s = isHeld() ? delay.now_s(most_s) : 0;
    const playhead_s = delay_s > 0 ? now() - delay_s : Infinity;
    const { picture, late } = held.take(playhead_s);
    for (const header of late) {
      counters.replaced += 1;
      settle(header);
    }
    const next_s = held.next();
    if (picture) decode(picture);
    else if (next_s !== null) timer = setTimeout(play, Math.max(1, 1000 * (next_s - playhead_s)));
  }

  /** @param {import('./playback.js').Held} picture */
  async function decode({ header, jpeg }) {
    decoding = true;
    const blob = new Blob([jpeg], { type: 'image/jpeg' });
    jpeg.buffer.transfer?.(0); // the blob is a copy, and this one has lived too long to be collected soon
    const bitmap = await createImageBitmap(blob).catch(() => null);
    decoding = false;
    settle(header);
    onShown(bitmap ? paint(bitmap, header) : fail());
    play();
  }

  function fail() {
    counters.undecodable += 1;
    const changed = !broken;
    broken = true;
    return changed;
  }

  /** @param {ImageBitmap} bitmap @param {Head} header @returns {boolean} whether the page has to be told at once */
  function paint(bitmap, header) {
    const { width, height } = bitmap;
    const live = header.captured_at >= wanted_s && (shown?.captured_at ?? 0) < wanted_s;
    const changed = live || shown === null || broken || canvas.width !== width || canvas.height !== height;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.transferFromImageBitmap(bitmap);
    shown = header;
    broken = false;
    timeline.prune(shown.captured_at);
    counters.painted += 1;
    paintTimes_s.push(performance.now() / 1000);
    ages_ms.push((now() - shown.captured_at) * 1000);
    if (ages_ms.length > KEPT_AGES) ages_ms.shift();
    return draw() || changed;
  }

  /**
   * Draws what was found in the picture that is shown.
   * @returns {boolean} whether there is something where nothing was
   */
  function draw() {
    if (shown === null) return false;
    const over = timeline.over(shown, delay.latest_s() || NAMED_S);
    const result = over.result && stillAsked(over.result, asked.camera, asked.options);
    const drawn = result ? over : NOTHING_FOUND;
    ({ source } = over);
    const was = overlay?.isEmpty() ?? true;
    overlay?.draw(result);
    if (telling) onDrawn({ ...drawn, picture: shown, result });
    return was && !(overlay?.isEmpty() ?? true);
  }

  /** The picture stays, but what lies over it may be another. */
  function redraw() {
    if (draw()) onShown(true);
  }

  /** Pictures painted a second over the last two, or since the first of them. */
  function fps() {
    const now_s = performance.now() / 1000;
    paintTimes_s = paintTimes_s.filter((time_s) => now_s - time_s <= RATE_WINDOW_S);
    if (paintTimes_s.length < 2) return paintTimes_s.length / RATE_WINDOW_S;
    const began_s = now_s - paintTimes_s[0];
    // A wall that just started would else seem slow for two seconds.
    return began_s > RATE_WINDOW_S * 0.8 ? paintTimes_s.length / RATE_WINDOW_S : (paintTimes_s.length - 1) / began_s;
  }

  /** @param {number[]} shares */
  function agesOf(...shares) {
    const ordered = Float64Array.from(ages_ms).sort();
    return shares.map((share) => (ordered.length ? shareOf(ordered, share) : null));
  }

  return {
    push,
    /** UNIX seconds of the picture on the canvas, null before the first */
    shownAt: () => shown?.captured_at ?? null,
    /** @param {import('./types.js').NewResult} result */
    result(result) {
      timeline.add(result);
      delay.reached(result.captured_at, validUntil(result));
      // One for pictures that are still to come changes nothing in one whose own results are known.
      if (shown !== null && (source !== 'aligned' || result.captured_at <= shown.captured_at)) redraw();
    },
    /** Pictures are asked for from now on: what comes does not follow what came before. */
    begin() {
      lastSeq = null;
      wanted_s = now();
      droppedBefore = counters.dropped_by_hub;
      held.clear().forEach(settle);
      delay.begin();
    },
    /** The hub was lost: what it said is not known to go on with what it says next. */
    lost() {
      owed.clear();
      held.clear();
      timeline.clear();
      delay.clear();
    },
    /** @param {import('./views.js').Asked} next */
    setAsked(next) {
      if (next.failing && !asked.failing) timeline.clear();
      asked = next;
      redraw();
      play();
    },
    /** @param {number} seconds the longest that pictures are held back for what is found in them; 0: not at all */
    setMost(seconds) {
      most_s = seconds;
      play();
    },
    /** @param {{width: number, height: number, ratio: number}} size in CSS pixels */
    setSize(size) { overlay?.setSize(size); },
    /** @param {import('./views.js').Layers} layers what is drawn of what is found */
    setLayers(layers) {
      overlay?.setLayers(layers);
      redraw();
    },
    /** @param {boolean} on whether `onDrawn` shall be called */
    setTelling(on) {
      telling = on;
      redraw();
    },
    close() {
      clearTimeout(timer);
      held.clear();
    },
    /** @returns {import('./views.js').PaintReport} */
    report() {
      const [age_p50_ms, age_p95_ms] = agesOf(0.5, 0.95);
      return {
        captured_at: shown?.captured_at ?? null, broken, shape: shown === null ? null : canvas.width / canvas.height,
        fps: fps(), empty: overlay?.isEmpty() ?? true,
        counters: { ...counters, age_p50_ms, age_p95_ms, held: held.size(), held_bytes: held.bytes() },
      };
    },
  };
}
