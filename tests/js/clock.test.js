// lib/clock.js: the hub's clock as a page sees it, by pings that take their time.

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

import { createClock } from '../../static/js/lib/clock.js';

/** Seconds of this machine's steady clock, which nothing sets. */
let steady_s = 0;
/** What this machine believes the time is. */
let believed_s = 0;

beforeEach(() => {
  steady_s = 1000;
  believed_s = 1000;
  mock.restoreAll();
  mock.method(performance, 'now', () => steady_s * 1000 - performance.timeOrigin);
  mock.method(Date, 'now', () => believed_s * 1000);
});

/** A ping whose way there and back take different times. */
function ping(/** @type {ReturnType<typeof createClock>} */ clock, ahead_s = 0, there_s = 0.01, back_s = 0.01) {
  const sent_s = steady_s;
  const hub_time = sent_s + there_s + ahead_s;
  steady_s += there_s + back_s;
  believed_s += there_s + back_s;
  clock.sample(sent_s, hub_time);
}

const near = (/** @type {number} */ value, /** @type {number} */ wanted, within = 1e-6) => (
  assert.ok(Math.abs(value - wanted) <= within, `${value} is not ${wanted}`)
);

test('before the first ping the time is this machine\'s own', () => {
  believed_s = 1003;
  near(createClock().now(), 1003);
});

test('the hub\'s first word is believed as it is', () => {
  const clock = createClock();
  clock.restart(1234);
  near(clock.now(), 1234);
  near(clock.offset_s(), 234);
});

test('clocks that agree within what a ping can tell are taken to be the same', () => {
  const clock = createClock();
  ping(clock, 0.009, 0.01, 0.01);
  near(clock.offset_s(), 0);
});

test('a hub that is ahead is found, to within half the way', () => {
  const clock = createClock();
  ping(clock, 60, 0.01, 0.01);
  near(clock.offset_s(), 60);
  ping(clock, 60, 0.08, 0.0);
  near(clock.offset_s(), 60, 0.01);
});

test('of the last pings the quickest is believed, and a slow one changes nothing', () => {
  const clock = createClock();
  ping(clock, 60, 0.002, 0.002);
  ping(clock, 60, 0.5, 0.1);
  near(clock.offset_s(), 60);
});

test('a quick ping is not believed for ever: the clocks may drift', () => {
  const clock = createClock();
  ping(clock, 60, 0.002, 0.002);
  for (let number = 0; number < 8; number += 1) ping(clock, 61, 0.01, 0.01);
  near(clock.offset_s(), 61);
});

test('setting this machine\'s clock moves no ages', () => {
  const clock = createClock();
  ping(clock, 60);
  const before = clock.now();
  believed_s += 3600;
  near(clock.now(), before);
});

test('after a pause what was measured is forgotten', () => {
  const clock = createClock();
  ping(clock, 60, 0.001, 0.001);
  clock.restart(steady_s + 500);
  ping(clock, 500, 0.2, 0.2);
  near(clock.offset_s(), 500);
});
