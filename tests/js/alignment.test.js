// What lies over a picture, by the results around it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createTimeline } from '../../static/js/lib/alignment.js';
import { face, result, thing } from './samples.js';

/** @typedef {import('../../static/js/lib/types.js').NewResult} Result */

/** @param {Result[]} results */
function timelineOf(...results) {
  const timeline = createTimeline();
  results.forEach(timeline.add);
  return timeline;
}

/** A dog that is `x` from the left. @param {number} x @param {object} [fields] */
const dog = (x, fields) => thing({ box: [x, 50, x + 40, 90], ...fields });

/**
 * @param {ReturnType<typeof createTimeline>} timeline
 * @param {number} captured_at
 * @param {number|null} [scene]
 */
function lefts(timeline, captured_at, scene = 0) {
  const { source, from, result: found } = timeline.over({ captured_at, scene }, 1);
  return { source, from, lefts: (found?.objects ?? []).map(({ box }) => Math.round(box[0] * 100) / 100) };
}

test('a picture of its own result shows exactly that', () => {
  const timeline = timelineOf(result(10, { objects: [dog(100)] }), result(11, { objects: [dog(200)] }));
  assert.deepEqual(lefts(timeline, 11), { source: 'aligned', from: [11], lefts: [200] });
});

test('between two results a thing is where it was between them', () => {
  const timeline = timelineOf(result(10, { objects: [dog(100)] }), result(10.4, { objects: [dog(200)] }));
  assert.deepEqual(lefts(timeline, 10.1), { source: 'aligned', from: [10, 10.4], lefts: [125] });
});

test('what only one of two results has is drawn over the picture of that result alone', () => {
  const gone = dog(10, { track_id: 7 });
  const come = dog(300, { track_id: 8 });
  const timeline = timelineOf(
    result(10, { objects: [dog(100), gone] }), result(10.4, { objects: [dog(100), come] }),
  );
  assert.deepEqual(lefts(timeline, 10).lefts, [100, 10]);
  assert.deepEqual(lefts(timeline, 10.2).lefts, [100]);
  assert.deepEqual(lefts(timeline, 10.4).lefts, [100, 300]);
});

test('what is not followed yet is the same where it lies on itself, and not elsewhere', () => {
  const untracked = (/** @type {number} */ x) => dog(x, { track_id: null });
  const near = timelineOf(result(10, { objects: [untracked(100)] }), result(10.2, { objects: [dog(108)] }));
  assert.deepEqual(lefts(near, 10.1).lefts, [104]);
  const far = timelineOf(result(10, { objects: [untracked(100)] }), result(10.2, { objects: [untracked(140)] }));
  assert.deepEqual(lefts(far, 10.1).lefts, []);
  const other = timelineOf(result(10, { objects: [untracked(100)] }), result(10.2, {
    objects: [dog(100, { label: 'cat' })],
  }));
  assert.deepEqual(lefts(other, 10.1).lefts, []);
});

test('nothing of one scene is drawn over a picture of another', () => {
  const timeline = timelineOf(
    result(10, { scene: 3, objects: [dog(100)] }), result(10.4, { scene: 4, objects: [dog(110)] }),
  );
  assert.equal(lefts(timeline, 10.2, 4).source, 'none');
  assert.equal(lefts(timeline, 10.2, 5).source, 'none');
  assert.equal(lefts(timeline, 10.2, null).source, 'none');
  assert.deepEqual(lefts(timeline, 10.1, 3), { source: 'predicted', from: [10], lefts: [100] });
  assert.deepEqual(lefts(timeline, 10.4, 4), { source: 'aligned', from: [10.4], lefts: [110] });
});

test('a name is that of the nearer result', () => {
  const anna = face({ state: 'known', id: 'a', name: 'Anna' });
  const named = { ...anna, person: { id: 'a', name: 'Anna', distance: 0.3 } };
  const timeline = timelineOf(result(10, { faces: [named] }), result(11, { faces: [face({ state: 'undecided' })] }));
  const nameAt = (/** @type {number} */ at) => (
    timeline.over({ captured_at: at, scene: 0 }, 1).result?.faces?.[0].identity?.name
  );
  assert.deepEqual([10, 10.4, 10.6, 11].map(nameAt), ['Anna', 'Anna', null, null]);
});

test('points lie between those of both results, or go with their face', () => {
  const points = (/** @type {number} */ x) => /** @type {[number, number][]} */ ([[x, 30], [x + 10, 30]]);
  const one = { ...face({}), box: box(10), landmarks: points(20) };
  const both = timelineOf(result(10, { faces: [one] }), result(10.2, {
    faces: [{ ...one, box: box(50), landmarks: points(60) }],
  }));
  assert.deepEqual(both.over({ captured_at: 10.1, scene: 0 }, 1).result?.faces?.[0].landmarks, [[40, 30], [50, 30]]);
  const alone = timelineOf(result(10, { faces: [one] }), result(10.2, {
    faces: [{ ...one, box: box(50), landmarks: null }],
  }));
  const carried = alone.over({ captured_at: 10.05, scene: 0 }, 1).result?.faces?.[0].landmarks;
  assert.deepEqual(carried?.map((point) => point.map(Math.round)), [[30, 30], [40, 30]]);
});

/** @param {number} x @returns {[number, number, number, number]} */
const box = (x) => [x, 20, x + 40, 60];

test('what rests stands until the hub says no more that it does', () => {
  const still = result(10, { unchanged_until: 14, objects: [dog(100, { velocity: [300, 0] })] });
  const timeline = timelineOf(still);
  assert.deepEqual(lefts(timeline, 13.9), { source: 'aligned', from: [10], lefts: [100] });
  assert.deepEqual(lefts(timeline, 14.5), { source: 'predicted', from: [10], lefts: [100] });
  assert.equal(lefts(timeline, 15.2).source, 'none');
  timeline.add(result(14.4, { objects: [dog(140)] }));
  assert.deepEqual(lefts(timeline, 14.2), { source: 'aligned', from: [10, 14.4], lefts: [120] });
});

test('a result of the same frame takes the place of the older one', () => {
  const timeline = timelineOf(result(10, { objects: [dog(100)] }), result(10, { objects: [dog(101)] }));
  assert.deepEqual(lefts(timeline, 10).lefts, [101]);
});

test('results that come late or in another order are put in their places', () => {
  const timeline = timelineOf(result(10.4, { objects: [dog(200)] }), result(10, { objects: [dog(100)] }));
  assert.deepEqual(lefts(timeline, 10.2).lefts, [150]);
});

test('what was predicted well goes on, then fades and goes', () => {
  const walking = (/** @type {number} */ x) => dog(x, { velocity: [40, 0] });
  const timeline = timelineOf(result(10, { objects: [walking(100)] }), result(10.5, { objects: [walking(120)] }));
  const at = (/** @type {number} */ time_s) => timeline.over({ captured_at: time_s, scene: 0 }, 1).result?.objects?.[0];
  assert.deepEqual([at(11)?.box[0], /** @type {any} */ (at(11))?.alpha], [140, 1]);
  const fading = /** @type {any} */ (at(11.4)).alpha;
  assert.ok(fading > 0 && fading < 1, String(fading));
  assert.equal(at(11.6), undefined);
});

test('what has turned is soon not drawn any more, and what rests stays longer', () => {
  const turned = timelineOf(
    result(10, { objects: [dog(100, { velocity: [40, 0] })] }),
    result(10.5, { objects: [dog(90, { velocity: [-20, 0] })] }),
  );
  assert.equal(lefts(turned, 10.6).source, 'predicted');
  assert.equal(lefts(turned, 11).source, 'none');
  const resting = timelineOf(
    result(10, { objects: [dog(100, { velocity: [0, 0] })] }),
    result(10.5, { objects: [dog(100, { velocity: [0, 0] })] }),
  );
  assert.equal(lefts(resting, 12.4).source, 'predicted');
  assert.equal(lefts(resting, 12.8).source, 'none');
});

test('a name is not carried on for longer than it may be', () => {
  const anna = { ...face({ state: 'known', id: 'a', name: 'Anna' }), person: { id: 'a', name: 'Anna', distance: 0.3 } };
  const timeline = timelineOf(result(10, { faces: [anna] }));
  const faceAt = (/** @type {number} */ at) => timeline.over({ captured_at: at, scene: 0 }, 0.2).result?.faces?.[0];
  assert.equal(faceAt(10.15)?.person?.name, 'Anna');
  assert.equal(faceAt(10.25)?.person, null);
  assert.equal(faceAt(10.25)?.identity, null);
});

test('nobody knows what happened between results that are far apart', () => {
  const timeline = timelineOf(result(10, { objects: [dog(100)] }), result(12, { objects: [dog(300)] }));
  assert.equal(lefts(timeline, 11).source, 'none');
  assert.equal(lefts(timeline, 10.2).source, 'predicted');
});

test('hundreds of results are kept no longer than pictures need them', () => {
  const timeline = createTimeline();
  for (let number = 0; number < 900; number += 1) {
    timeline.add(result(10 + number / 100, { objects: [dog(number)] }));
  }
  assert.deepEqual(lefts(timeline, 18.985).lefts, [898.5]);
  assert.equal(lefts(timeline, 10.5).source, 'none');
  timeline.prune(18.99);
  assert.deepEqual(lefts(timeline, 18.985).lefts, [898.5]);
  timeline.clear();
  assert.equal(lefts(timeline, 18.985).source, 'none');
});

/** @type {Record<string, (at_s: number) => number>} how many widths a target is from where it began */
const MOTIONS = {
  constant: (at_s) => at_s,
  'to and fro': (at_s) => Math.sin(Math.PI * at_s),
  'stop and turn': (at_s) => {
    const phase = (at_s + 0.13) % 6; // it stops and turns between two pictures that are analysed
    if (phase < 3) return Math.min(phase, 2);
    return Math.max(5 - phase, 0);
  },
};

/**
 * How far off boxes are, in widths, at 30 pictures a second.
 * @param {(at_s: number) => number} motion
 * @param {number} every  how many pictures one is analysed
 * @param {number} latency_s
 * @param {boolean} isAligned  a picture waits for the results around it
 */
function off(motion, every, latency_s, isAligned) {
  const timeline = createTimeline();
  const at = (/** @type {number} */ number) => 100 + 40 * motion(number / 30);
  const speed = (/** @type {number} */ number) => ((at(number) - at(number - every)) * 30) / every;
  const found = (/** @type {number} */ number) => result(number / 30, {
    objects: [dog(at(number), { velocity: [number ? speed(number) : 0, 0] })],
  });
  const known = (/** @type {number} */ number) => number / 30 + latency_s;
  /** @type {number[]} */
  const offs = [];
  let next = 0;
  for (let number = 0; number < 600; number += 1) {
    const now_s = isAligned ? number / 30 + latency_s + every / 30 : number / 30;
    for (; known(next) <= now_s; next += every) timeline.add(found(next));
    timeline.prune(number / 30);
    const [box] = lefts(timeline, number / 30).lefts;
    if (number > 90 && box !== undefined) offs.push(Math.abs(box - at(number)) / 40);
  }
  offs.sort((one, other) => one - other);
  const share = (/** @type {number} */ part) => offs[Math.floor(part * (offs.length - 1))] ?? 0;
  return { drawn: offs.length / 509, p50: share(0.5), p95: share(0.95) };
}

for (const [every, latency_s] of [[3, 0.06], [6, 0.15], [10, 0.35]]) {
  for (const [name, motion] of Object.entries(MOTIONS)) {
    const how = `${name}, every ${every} pictures, ${latency_s} s late`;
    test(`aligned boxes lie on what they are drawn around: ${how}`, () => {
      const { drawn, p50, p95 } = off(motion, every, latency_s, true);
      const [most_p50, most_p95] = name === 'constant' ? [0.03, 0.08] : [0.08, 0.2];
      assert.equal(drawn, 1);
      assert.ok(p50 <= most_p50 && p95 <= most_p95, `${p50} ${p95}`);
    });
    test(`boxes of pictures at once are right or not drawn: ${how}`, () => {
      const { drawn, p50, p95 } = off(motion, every, latency_s, false);
      if (name === 'constant') assert.equal(drawn, 1);
      assert.ok(p50 <= 0.2 && p95 <= 0.65, `${p50} ${p95}`);
    });
  }
}
