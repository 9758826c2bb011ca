// How long pictures are held back, and what waits.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { createDelay, createHeld } from '../../static/js/lib/playback.js';

let now_s = 100;
beforeEach(() => { now_s = 100; });

/**
 * Runs a camera: pictures at 30 a second that take 20 ms to come, every `every`th analysed.
 * @param {ReturnType<typeof createDelay>} delay
 * @param {{seconds: number, every: number, latency_s: number, most_s?: number, rests?: boolean}} how
 * @returns {number[]} the delay at each picture
 */
function run(delay, { seconds, every, latency_s, most_s = 1.5, rests = false }) {
  /** @type {{at_s: number, happens: () => void}[]} */
  const events = [];
  /** @type {number[]} */
  const delays = [];
  const began_s = now_s;
  for (let number = 0; number < seconds * 30; number += 1) {
    const captured_s = began_s + number / 30;
    const arrive = () => { delay.arrived(captured_s); delays.push(delay.now_s(most_s)); };
    const reach = () => delay.reached(rests ? began_s - 1 : captured_s, captured_s);
    events.push({ at_s: captured_s + 0.02, happens: arrive });
    if (number % every === 0) events.push({ at_s: captured_s + latency_s, happens: reach });
  }
  for (const { at_s, happens } of events.sort((one, other) => one.at_s - other.at_s)) {
    now_s = at_s;
    happens();
  }
  return delays;
}

for (const [every, latency_s] of [[3, 0.06], [6, 0.15], [10, 0.35]]) {
  test(`a result for every ${every} pictures after ${latency_s} s: both together are waited for`, () => {
    const delays = run(createDelay(() => now_s), { seconds: 12, every, latency_s });
    const wanted_s = latency_s + (every - 1) / 30;
    const last_s = delays[delays.length - 1];
    assert.ok(last_s >= wanted_s && last_s < wanted_s + 0.06, `${last_s} for ${wanted_s}`);
  });
}

test('the delay never jumps', () => {
  const delay = createDelay(() => now_s);
  const delays = [
    ...run(delay, { seconds: 6, every: 3, latency_s: 0.06 }), ...run(delay, { seconds: 6, every: 10, latency_s: 0.35 }),
    ...run(delay, { seconds: 20, every: 3, latency_s: 0.06 }),
  ];
  const steps = delays.slice(1).map((delay_s, index) => delay_s - delays[index]);
  assert.ok(Math.max(...steps) <= 0.2 / 30 + 0.01, String(Math.max(...steps)));
  assert.ok(Math.min(...steps) >= -0.1 / 30 - 0.01, String(Math.min(...steps)));
  assert.ok(Math.max(...delays) > 0.6);
  assert.ok(delays[delays.length - 1] < 0.25);
});

test('analysis that is slower than may be waited for lets pictures go at once', () => {
  const delay = createDelay(() => now_s);
  assert.equal(Math.max(...run(delay, { seconds: 20, every: 60, latency_s: 1.2 })), 0);
  run(delay, { seconds: 12, every: 3, latency_s: 0.06 });
  assert.ok(delay.now_s(1.5) > 0.1);
  const delays = run(delay, { seconds: 20, every: 60, latency_s: 1.2 });
  assert.equal(delays[delays.length - 1], 0);
});

test('pictures are not held back before the first result, nor long after the last', () => {
  const delay = createDelay(() => now_s);
  for (let number = 0; number < 300; number += 1) {
    now_s += 1 / 30;
    delay.arrived(now_s);
    assert.equal(delay.now_s(1.5), 0);
  }
  run(delay, { seconds: 8, every: 3, latency_s: 0.06 });
  const held_s = delay.now_s(1.5);
  assert.ok(held_s > 0.1);
  now_s += 2.5;
  assert.equal(delay.now_s(1.5), held_s);
  now_s += 6;
  delay.now_s(1.5);
  now_s += 6;
  assert.equal(delay.now_s(1.5), 0);
});

test('while nothing moves the delay stays what it was', () => {
  const delay = createDelay(() => now_s);
  run(delay, { seconds: 8, every: 3, latency_s: 0.06 });
  const before_s = delay.now_s(1.5);
  run(delay, { seconds: 8, every: 15, latency_s: 0.05, rests: true });
  assert.equal(delay.now_s(1.5), before_s);
});

test('a camera of one picture a second waits for the result of each picture, not for the next picture', () => {
  const delay = createDelay(() => now_s);
  for (let second = 100; second < 120; second += 1) {
    now_s = second + 0.02;
    delay.arrived(second);
    delay.now_s(1.5);
    now_s = second + 0.3;
    delay.reached(second, second);
  }
  const delay_s = delay.now_s(1.5);
  assert.ok(delay_s >= 0.3 && delay_s < 0.35, String(delay_s));
});

/** @param {number} captured_at @param {number} seq */
const head = (captured_at, seq) => ({ camera: 'one', seq, captured_at, dropped: 0, scene: 0 });

test('the newest picture that is due is taken, and those before it are late', () => {
  const held = createHeld();
  [100, 100.1, 100.2].forEach((at, index) => held.push(head(at, index), new Uint8Array(10), at));
  const { picture, late } = held.take(100.15);
  assert.equal(picture?.header.seq, 1);
  assert.deepEqual(late.map(({ seq }) => seq), [0]);
  assert.deepEqual([held.size(), held.bytes(), held.next()], [1, 10, 100.2]);
  assert.equal(held.take(100.15).picture, null);
});

test('a picture that a wrong clock calls one of the future waits no longer than others', () => {
  const held = createHeld();
  held.push(head(900, 1), new Uint8Array(10), 100);
  assert.equal(held.next(), 100);
  assert.equal(held.take(100).picture?.header.captured_at, 900);
});

test('no more than 2 s waits', () => {
  const held = createHeld();
  let gone = 0;
  for (let number = 0; number < 300; number += 1) {
    gone += held.push(head(100 + number / 30, number), new Uint8Array(10), 100 + number / 30).length;
  }
  assert.ok(held.size() <= 61, String(held.size()));
  assert.equal(held.size() + gone, 300);
});

test('no more than 4 MB waits, and what goes leaves the smallest gaps', () => {
  const held = createHeld();
  for (let number = 0; number < 30; number += 1) {
    held.push(head(100 + number / 30, number), new Uint8Array(1 << 20), 100 + number / 30);
    assert.ok(held.bytes() <= 4 << 20);
  }
  assert.equal(held.size(), 4);
  /** @type {number[]} */
  const waiting = [];
  while (held.size() > 0) waiting.push(held.take(held.next() ?? 0).picture?.header.seq ?? -1);
  assert.equal(waiting[0], 0);
  assert.equal(waiting[3], 29);
  assert.ok(waiting.slice(1).every((seq, index) => seq - waiting[index] <= 16), waiting.join());
});
