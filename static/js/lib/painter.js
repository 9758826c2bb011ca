// @ts-nocheck
// Decodes and draws the pictures of one camera: one decode at a time, the newest waiting one replaces an older.
// Runs in a worker or in the page.

const RATE_WINDOW_S = 2;
const KEPT_AGES = 300;

/**
 * @param {object} parts
 * @param {OffscreenCanvas|HTMLCanvasElement} parts.canvas
 * @param {() => number} parts.now  UNIX seconds, hub's clock
 * @param {(header: import('./types.js').PictureHead) => void} parts.acknowledge  gives the credit back
 * @param {(changed: boolean) => void} parts.onShown  after each picture; `changed`: in shape, in being readable, or live now and not before
 */
export function createPainter({ canvas, now, acknowledge, onShown }) {
  const context = canvas.getContext('bitmaprenderer');
  const counters = { offered: 0, painted: 0, undecodable: 0, replaced: 0, dropped_by_hub: 0 };
  /** @type {number[]} */
  let ages_ms = [];
  /** @type {number[]} */
  let paintTimes_s = [];
  /** @type {number|null} */
  let lastSeq = null;
  let wanted_s = now();
  let droppedBefore = 0;
  let shown_s = null;
  let broken = false;
  let decoding = false;
  let waiting = null;

  function push(header, jpeg) {
    count(header);
    if (!decoding) {
      decode({ header, jpeg });
      return;
    }
    if (waiting) {
      counters.replaced += 1;
      acknowledge(waiting.header);
    }
    waiting = { header, jpeg };
  }

  /**
   * Frames are numbered where they are made, so gaps count too, but for the gap after a picture that is older than the
   * wish for it. A number that goes back begins again.
   */
  function count({ seq, captured_at, dropped }) {
    counters.offered += lastSeq === null || seq <= lastSeq ? 1 : seq - lastSeq;
    counters.dropped_by_hub = droppedBefore + (dropped ?? 0);
    lastSeq = captured_at < wanted_s ? null : seq;
  }

  async function decode({ header, jpeg }) {
    decoding = true;
    let changed = false;
    try {
      const bitmap = await createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }));
      acknowledge(header);
      changed = paint(bitmap, header);
    } catch {
      counters.undecodable += 1;
      acknowledge(header);
      changed = !broken;
      broken = true;
    }
    onShown(changed);
    decoding = false;
    const next = waiting;
    waiting = null;
    if (next) decode(next);
  }

  function paint(bitmap, header) {
    const { width, height } = bitmap;
    const live = header.captured_at >= wanted_s && (shown_s ?? 0) < wanted_s;
    const changed = live || shown_s === null || broken || canvas.width !== width || canvas.height !== height;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.transferFromImageBitmap(bitmap);
    shown_s = header.captured_at;
    broken = false;
    counters.painted += 1;
    paintTimes_s.push(performance.now() / 1000);
    ages_ms.push((now() - shown_s) * 1000);
    if (ages_ms.length > KEPT_AGES) ages_ms.shift();
    return changed;
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

  function agesOf(...shares) {
    const ordered = [...ages_ms].sort((one, other) => one - other);
    return shares.map((share) => (ordered.length ? ordered[Math.floor(share * (ordered.length - 1))] : null));
  }

  return {
    push,
    /** UNIX seconds of the picture on the canvas, null before the first */
    shownAt: () => shown_s,
    /** Pictures are asked for from now on: what comes does not follow what came before. */
    begin() {
      lastSeq = null;
      wanted_s = now();
      droppedBefore = counters.dropped_by_hub;
    },
    /** @returns {import('./views.js').PaintReport} */
    report() {
      const [age_p50_ms, age_p95_ms] = agesOf(0.5, 0.95);
      return {
        captured_at: shown_s, broken, shape: shown_s === null ? null : canvas.width / canvas.height, fps: fps(),
        counters: { ...counters, age_p50_ms, age_p95_ms },
      };
    },
  };
}
