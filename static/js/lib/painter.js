// Decodes and draws the pictures of one camera: one decode at a time, the newest waiting one replaces an older.

const RATE_WINDOW_S = 2;

/**
 * @param {object} parts
 * @param {HTMLCanvasElement} parts.canvas
 * @param {(header: import('./types.js').PictureHeader) => void} parts.acknowledge  gives the credit back
 * @param {() => void} parts.onChange  after the first picture, a new shape, or a change between readable and not
 */
export function createPainter({ canvas, acknowledge, onChange }) {
  const context = canvas.getContext('2d', { alpha: false });
  const counters = { painted: 0, undecodable: 0, replaced: 0, dropped_by_hub: 0 };
  /** @type {number[]} */
  let paintTimes_s = [];
  let shown = null;
  let broken = false;
  let decoding = false;
  let waiting = null;
  let hidden = false;

  function push(header, jpeg) {
    counters.dropped_by_hub = header.dropped ?? counters.dropped_by_hub;
    if (!decoding) return decode({ header, jpeg });
    if (waiting) {
      counters.replaced += 1;
      acknowledge(waiting.header);
    }
    waiting = { header, jpeg };
    return undefined;
  }

  async function decode({ header, jpeg }) {
    decoding = true;
    try {
      const bitmap = await createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }));
      acknowledge(header);
      paint(bitmap, header);
    } catch {
      counters.undecodable += 1;
      acknowledge(header);
      if (!broken) { broken = true; onChange(); }
    }
    decoding = false;
    const next = waiting;
    waiting = null;
    if (next) decode(next);
  }

  function paint(bitmap, header) {
    const changed = shown === null || broken || canvas.width !== bitmap.width || canvas.height !== bitmap.height;
    if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
    if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    shown = header;
    broken = false;
    counters.painted += 1;
    paintTimes_s.push(performance.now() / 1000);
    if (changed) onChange();
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

  return {
    push,
    fps,
    counters,
    /** UNIX seconds of the picture on the canvas, null before the first */
    capturedAt: () => shown?.captured_at ?? null,
    isBroken: () => broken,
    shape: () => (shown ? canvas.width / canvas.height : null),
    setHidden(value) { if (hidden !== value) { hidden = value; canvas.hidden = value; } },
  };
}
