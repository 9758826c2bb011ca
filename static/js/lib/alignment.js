// What the results of one camera say about one of its pictures. Pure: no DOM, no clock.
//
// A picture between two results of its scene shows what both found, where it was between them. After the last result
// a box is moved on, for as long as that has proved good. Nothing is ever carried over to another scene.

import { carried, distance, mixed, overlap, shifted } from './boxes.js';

/** Results and pictures of one frame have the same time, but for rounding. */
const SAME_S = 0.0005;
/** Between results further apart than this, nobody knows which way a thing went. */
const LONGEST_GAP_S = 1.5;
const KEPT_S = 4;
const MOST_KEPT = 400;
/** What rests stays this long after the hub said so last, which it does twice a second. */
const RESTS_ON_S = 0.8;

/** How far a box may lie from what it is drawn around, in its own widths, before it fades, and before it goes. */
const GOOD_WITHIN = 0.2;
const GONE_BEYOND = 0.35;
/** How long a prediction is believed: of what was seen once, of what moves, and of what has not moved. */
const UNPROVED_S = 0.4;
const MOVING_S = 0.8;
const RESTING_S = 2;
/** Slower than this, in widths a second, a thing rests. */
const RESTING_SPEED = 0.1;
const FADE_S = 0.25;
/** By so many of the last results it is seen how good a prediction is. */
const PROVED_BY = 4;
const LOOKED_BACK = 40;
/** What is not followed yet is the same thing in the next result where so much of it lies on it. */
const SAME_FROM = 0.5;

/**
 * @typedef {import('./types.js').NewResult} Result
 * @typedef {{captured_at: number, scene?: number|null}} Picture
 *
 * @typedef {object} Thing  a face or an object
 * @property {import('./boxes.js').Box} box
 * @property {number|null} track_id
 * @property {[number, number]|null} velocity
 * @property {string} [label]
 * @property {[number, number][]|null} [landmarks]
 * @property {[number, number][]|null} [points]
 * @property {object|null} [person]
 * @property {object|null} [identity]
 * @property {number} [alpha]
 */

/**
 * Until when a result holds: nothing has moved till then.
 * @param {{captured_at: number, unchanged_until?: number}} result
 */
export const validUntil = ({ captured_at, unchanged_until }) => Math.max(captured_at, unchanged_until ?? 0);

/**
 * @param {Picture} one
 * @param {Picture} other
 */
const isSameScene = (one, other) => (one.scene ?? null) === (other.scene ?? null);

/** The results of one camera, as far as pictures that are still to be shown need them. */
export function createTimeline() {
  /** @type {Result[]} oldest first */
  let results = [];

  /**
   * A result of the same frame takes the place of the older one: a name was corrected, or nothing has moved since.
   * @param {Result} result
   */
  function add(result) {
    const later = results.findIndex(({ captured_at }) => captured_at > result.captured_at - SAME_S);
    const at = later < 0 ? results.length : later;
    const same = at < results.length && results[at].captured_at <= result.captured_at + SAME_S;
    results.splice(at, same ? 1 : 0, result);
    if (results.length > MOST_KEPT) results = results.slice(-MOST_KEPT);
  }

  /**
   * @param {Picture} picture
   * @param {number} named_s  how long after its result a name is still told
   * @returns {import('./views.js').Found}
   */
  function over(picture, named_s) {
    const time_s = picture.captured_at;
    const scene = results.filter((result) => isSameScene(result, picture));
    const at = scene.findLastIndex(({ captured_at }) => captured_at <= time_s + SAME_S);
    if (at < 0) return NOTHING;
    const [before, after] = [scene[at], scene[at + 1]];
    if (time_s <= validUntil(before) + SAME_S) return found('aligned', before, [before]);
    if (after && after.captured_at - validUntil(before) <= LONGEST_GAP_S) {
      return found('aligned', between(before, after, time_s), [before, after]);
    }
    const result = ahead(scene.slice(Math.max(0, at - LOOKED_BACK), at + 1), time_s, named_s);
    return result ? found('predicted', result, [before]) : NOTHING;
  }

  return {
    add,
    over,
    /**
     * Forgets what was captured long before the picture that is shown.
     * @param {number} shown_s
     */
    prune(shown_s) {
      while (results.length > 2 && validUntil(results[1]) < shown_s - KEPT_S) results.shift();
    },
    clear() { results = []; },
  };
}

/** @type {import('./views.js').Found} */
const NOTHING = { source: 'none', result: null, from: [] };

/**
 * @param {'aligned'|'predicted'} source
 * @param {Result} result
 * @param {Result[]} from
 * @returns {import('./views.js').Found}
 */
const found = (source, result, from) => ({ source, result, from: from.map(({ captured_at }) => captured_at) });

/**
 * What was found in both results. What only one of them has came or went at a time that nobody knows: it is drawn
 * over the picture of that result alone. Names are those of the nearer one.
 * @param {Result} before
 * @param {Result} after
 * @param {number} time_s
 * @returns {Result}
 */
function between(before, after, time_s) {
  const began_s = validUntil(before);
  const share = (time_s - began_s) / (after.captured_at - began_s);
  const faces = bothOf(before.faces, after.faces, share);
  const objects = bothOf(before.objects, after.objects, share);
  return { ...(share < 0.5 ? before : after), faces, objects };
}

/**
 * @template {Thing} T
 * @param {T[]|null} ones
 * @param {T[]|null} others
 * @param {number} share  0: all as in the first, 1: as in the second
 * @returns {T[]|null}
 */
function bothOf(ones, others, share) {
  if (!ones || !others) return null;
  return pairs(ones, others).map(([one, other]) => {
    const box = mixed(one.box, other.box, share);
    const [near, far] = share < 0.5 ? [one, other] : [other, one];
    const along = share < 0.5 ? share : 1 - share;
    const place = (/** @type {'landmarks'|'points'} */ name) => {
      const [here, there] = [near[name], far[name]];
      if (!here) return here;
      return there?.length === here.length
        ? here.map((point, index) => mixed(point, there[index], along))
        : here.map((point) => carried(point, near.box, box));
    };
    return placed(near, box, place);
  });
}

/**
 * @template {Thing} T
 * @param {T} thing
 * @param {import('./boxes.js').Box} box
 * @param {(name: 'landmarks'|'points') => [number, number][]|null|undefined} place  of its points
 * @returns {T}
 */
function placed(thing, box, place) {
  const points = POINTS.filter((name) => thing[name]).map((name) => [name, place(name)]);
  return { ...thing, box, ...Object.fromEntries(points) };
}

/** @type {('landmarks'|'points')[]} */
const POINTS = ['landmarks', 'points'];

/**
 * The same things in two results: of one track, or, while one is not followed yet, in nearly the same place.
 * @template {Thing} T
 * @param {T[]} ones
 * @param {T[]} others
 * @returns {[T, T][]}
 */
function pairs(ones, others) {
  const tracks = byTrack(others);
  const old = byTrack(ones);
  const fresh = new Set(others.filter(({ track_id }) => track_id === null || !old.has(track_id)));
  /** @type {[T, T][]} */
  const found = [];
  for (const one of ones) {
    const other = one.track_id === null ? nearest(one, fresh) : tracks.get(one.track_id);
    if (other) {
      fresh.delete(other);
      found.push([one, other]);
    }
  }
  return found;
}

/**
 * @template {Thing} T
 * @param {T} one
 * @param {Set<T>} others
 * @returns {T|undefined}
 */
function nearest(one, others) {
  const alike = [...others].filter(({ label }) => label === one.label);
  const shares = alike.map(({ box }) => overlap(one.box, box));
  return alike[shares.indexOf(Math.max(SAME_FROM, ...shares))];
}

/**
 * @template {Thing} T
 * @param {T[]|null|undefined} things
 * @returns {Map<number|null, T>}
 */
const byTrack = (things) => new Map((things ?? []).map((thing) => [thing.track_id, thing]));

/**
 * What the newest result found, moved on. What is not known to be good any more fades, then goes.
 * @param {Result[]} history  of one scene, oldest first, with the newest
 * @param {number} time_s
 * @param {number} named_s
 * @returns {Result|null}  null when nothing is left
 */
function ahead(history, time_s, named_s) {
  const last = history[history.length - 1];
  const ahead_s = time_s - validUntil(last);
  const rests = validUntil(last) > last.captured_at;
  /** @type {<T extends Thing>(things: T[]|null, kind: 'faces'|'objects') => T[]|null} */
  const carry = (things, kind) => things && things.flatMap((thing) => {
    const alpha = rests ? fading(ahead_s, RESTS_ON_S) : trust(wayOf(thing, history, kind), ahead_s);
    if (alpha <= 0) return [];
    const box = rests ? thing.box : shifted(thing.box, thing.velocity, ahead_s);
    const there = placed(thing, box, (name) => thing[name]?.map((point) => carried(point, thing.box, box)));
    return [{ ...(ahead_s <= named_s ? there : unnamed(there)), alpha }];
  });
  const faces = carry(last.faces, 'faces');
  const objects = carry(last.objects, 'objects');
  return faces?.length || objects?.length ? { ...last, faces, objects } : null;
}

/** @param {number} ahead_s @param {number} good_s */
const fading = (ahead_s, good_s) => Math.min(1, 1 - (ahead_s - good_s) / FADE_S);

/**
 * @template {Thing} T
 * @param {T} thing
 * @returns {T}
 */
const unnamed = (thing) => ({
  ...thing, ...('person' in thing && { person: null }), ...('identity' in thing && { identity: null }),
});

/**
 * Where a thing was in the results that have it, oldest first; itself last.
 * @param {Thing} thing
 * @param {Result[]} history
 * @param {'faces'|'objects'} kind
 */
function wayOf(thing, history, kind) {
  /** @type {{at_s: number, thing: Thing}[]} */
  const way = [];
  for (const result of thing.track_id === null ? [] : history.slice(0, -1)) {
    /** @type {Thing[]} */
    const things = result[kind] ?? [];
    const past = things.find(({ track_id }) => track_id === thing.track_id);
    if (past) way.push({ at_s: result.captured_at, thing: past });
  }
  way.push({ at_s: history[history.length - 1].captured_at, thing });
  return way;
}

/**
 * How good a box is so far ahead, 0 to 1: by how far off it would have been, predicted as far, in the last results.
 * @param {{at_s: number, thing: Thing}[]} way
 * @param {number} ahead_s
 */
function trust(way, ahead_s) {
  const { thing } = way[way.length - 1];
  const known = way.filter((each) => each.thing.velocity !== null);
  if (known.length < 2) return fading(ahead_s, UNPROVED_S);
  const width = Math.max(1, thing.box[2] - thing.box[0]);
  let off = 0;
  let went = 0;
  for (let to = known.length - 1; to > Math.max(0, known.length - 1 - PROVED_BY); to -= 1) {
    const earlier = known.slice(0, to);
    const from = earlier.findLast(({ at_s }) => known[to].at_s - at_s >= ahead_s) ?? earlier[0];
    const step_s = known[to].at_s - from.at_s;
    const predicted = shifted(from.thing.box, from.thing.velocity, step_s);
    const further = ahead_s / step_s;
    // Further ahead it is off by the square of the time, as a thing that slows down or turns.
    const share = further > 1 ? further ** 2 : further;
    off = Math.max(off, (share * distance(predicted, known[to].thing.box)) / width);
    went = Math.max(went, distance(from.thing.box, known[to].thing.box) / width / step_s);
  }
  const good = 1 - (off - GOOD_WITHIN) / (GONE_BEYOND - GOOD_WITHIN);
  return Math.min(1, good, fading(ahead_s, went < RESTING_SPEED ? RESTING_S : MOVING_S));
}
