// When the pictures of one camera are shown: at once, or held back until what was found in them is known.
// Pure: no DOM, and the clock is given.

const RESULTS_SEEN_S = 5;
const LEAST_SAMPLES = 3;
const MOST_SAMPLES = 200;
/** This share of the pictures has its results in time; the rest is drawn by prediction. */
const IN_TIME = 0.95;
const MARGIN_S = 0.02;
/** Without any result for so long, pictures are not held back. */
const SILENT_S = 3;
/** Seconds of delay a second: pictures run slower or faster by so much, which the eye does not see. */
const SLOWER = 0.2;
const FASTER = 0.1;
/** A little too much delay is left as it is: a picture that keeps changing its speed is worse. */
const SLACK_S = 0.04;
const MOST_UNCOVERED = 300;

const HELD_S = 2;
const HELD_BYTES = 4 << 20;

/**
 * How long pictures are held back: as long as it has taken lately until a picture had a result after it.
 * @param {() => number} now  seconds
 */
export function createDelay(now) {
  /** @type {{at_s: number, took_s: number}[]} */
  let samples = [];
  /** What the samples took, shortest first. */
  let ordered_s = new Float64Array(0);
  /** @type {number[]} captured at, of the pictures that no result has reached */
  let uncovered = [];
  let covered_s = -Infinity;
  let rested = false;
  let heard_s = -Infinity;
  let delay_s = 0;
  let moved_s = now();

  /** @param {number} took_s */
  function note(took_s) {
    const at_s = now();
    samples.push({ at_s, took_s: Math.max(0, took_s) });
    const isOld = () => samples.length > MOST_SAMPLES || samples[0].at_s < at_s - RESULTS_SEEN_S;
    while (samples.length > LEAST_SAMPLES && isOld()) samples.shift();
    ordered_s = Float64Array.from(samples, (sample) => sample.took_s + MARGIN_S).sort();
  }

  /**
   * What would be right now; 0 where it would be more than is allowed.
   * @param {number} most_s
   */
  function target(most_s) {
    if (samples.length === 0 || now() - heard_s > SILENT_S) return 0;
    if (shareOf(ordered_s, 0.5) > most_s) return 0;
    // What took longer than is allowed cannot be waited for, so it makes nothing else wait longer either.
    const allowed = ordered_s.findLastIndex((took_s) => took_s <= most_s) + 1;
    return shareOf(ordered_s.subarray(0, allowed), IN_TIME);
  }

  return {
    /**
     * A picture has come.
     * @param {number} captured_s
     */
    arrived(captured_s) {
      if (captured_s <= covered_s) {
        if (!rested) note(now() - captured_s);
        return;
      }
      uncovered.push(captured_s);
      if (uncovered.length > MOST_UNCOVERED) uncovered.shift();
    },
    /**
     * A result has come.
     * @param {number} captured_s
     * @param {number} until_s  nothing has moved till then
     */
    reached(captured_s, until_s) {
      // While nothing moved, or nothing was analysed, no result was due: pictures did not wait for this one.
      const begins = rested || now() - heard_s > SILENT_S;
      heard_s = now();
      const reached = uncovered.filter((time_s) => time_s <= captured_s);
      uncovered = uncovered.filter((time_s) => time_s > until_s);
      if (reached.length && !begins) note(now() - reached[0]);
      rested = until_s > captured_s;
      covered_s = Math.max(covered_s, until_s);
    },
    /**
     * How long pictures are to be held back now; it moves slowly.
     * @param {number} most_s
     */
    now_s(most_s) {
      const time_s = now();
      const passed_s = Math.max(0, time_s - moved_s);
      const wanted_s = target(most_s);
      moved_s = time_s;
      if (wanted_s > delay_s) {
        delay_s = Math.min(wanted_s, delay_s + SLOWER * passed_s);
      } else if (wanted_s < delay_s - SLACK_S || wanted_s === 0) {
        delay_s = Math.max(wanted_s, delay_s - FASTER * passed_s);
      }
      return delay_s;
    },
    /** The longest that a result is after its picture, as things go. */
    latest_s: () => Math.max(0, ...samples.map(({ took_s }) => took_s)),
    /** Pictures begin again; what was measured stays. */
    begin() {
      uncovered = [];
      delay_s = 0;
      moved_s = now();
    },
    /** All is forgotten: it is another hub, or another worker. */
    clear() {
      samples = [];
      ordered_s = new Float64Array(0);
      uncovered = [];
      covered_s = -Infinity;
      rested = false;
      heard_s = -Infinity;
    },
  };
}

/**
 * The value that this share of them does not exceed.
 * @param {Float64Array} ordered  shortest first, not empty
 * @param {number} share  0 to 1
 */
export const shareOf = (ordered, share) => ordered[Math.floor(share * (ordered.length - 1))];

/** @typedef {import('./types.js').PictureHead} Head */
/** @typedef {{header: Head, jpeg: Uint8Array<ArrayBuffer>, at_s: number}} Held */

/** Pictures that wait to be shown, as they came: 2 s and 4 MB at most. */
export function createHeld() {
  /** @type {Held[]} oldest first; `at_s`: when it was captured, or came where a wrong clock says it is of the future */
  let held = [];
  let bytes = 0;

  /** @param {number} at */
  function drop(at) {
    bytes -= held[at].jpeg.byteLength;
    return held.splice(at, 1)[0];
  }

  /** The one that is missed least: that with the nearest neighbours. */
  function spare() {
    let best = 0;
    let least_s = Infinity;
    for (let at = 1; at < held.length - 1; at += 1) {
      const gap_s = held[at + 1].at_s - held[at - 1].at_s;
      if (gap_s < least_s) { best = at; least_s = gap_s; }
    }
    return best;
  }

  return {
    /**
     * @param {Head} header
     * @param {Uint8Array<ArrayBuffer>} jpeg
     * @param {number} now_s
     * @returns {Head[]} of those that had to go for it
     */
    push(header, jpeg, now_s) {
      const gone = [];
      held.push({ header, jpeg, at_s: Math.min(header.captured_at, now_s) });
      bytes += jpeg.byteLength;
      while (held.length > 1 && held[0].at_s < now_s - HELD_S) gone.push(drop(0).header);
      while (held.length > 1 && bytes > HELD_BYTES) gone.push(drop(spare()).header);
      return gone;
    },
    /**
     * The newest that is due, and those before it, which are too late.
     * @param {number} playhead_s
     */
    take(playhead_s) {
      const due = held.findLastIndex(({ at_s }) => at_s <= playhead_s);
      const taken = held.splice(0, due + 1);
      taken.forEach(({ jpeg }) => { bytes -= jpeg.byteLength; });
      return { picture: taken.pop() ?? null, late: taken.map(({ header }) => header) };
    },
    /** @returns {number|null} of what time the next one is */
    next: () => held[0]?.at_s ?? null,
    size: () => held.length,
    bytes: () => bytes,
    clear() {
      const gone = held.map(({ header }) => header);
      held = [];
      bytes = 0;
      return gone;
    },
  };
}
