// lib/format.js: numbers and times as people say them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { age, clockTime, count, date, duration, rate } from '../../static/js/lib/format.js';

/** UNIX seconds of a time of day where this runs. @param {[number, number, number, number, number]} parts */
const at = (...parts) => new Date(...parts).getTime() / 1000;

test('a time of today is the time alone; before, the day is told', () => {
  const now_s = at(2026, 9, 15, 14, 2);
  assert.equal(clockTime(at(2026, 9, 15, 0, 0), now_s), '00:00');
  assert.equal(clockTime(at(2026, 9, 14, 23, 59), now_s), 'yesterday 23:59');
  assert.equal(clockTime(at(2026, 9, 13, 9, 5), now_s), '13 Oct 09:05');
  assert.equal(clockTime(at(2025, 9, 15, 14, 2), now_s), '15 Oct 2025 14:02');
});

test('a day to come has its year where that is another', () => {
  const now_s = at(2026, 9, 15, 14, 2);
  assert.equal(date(at(2026, 11, 3, 9, 5), now_s), '3 Dec');
  assert.equal(date(at(2027, 0, 3, 9, 5), now_s), '3 Jan 2027');
});

test('the day before the first of January is yesterday, and of another year', () => {
  assert.equal(clockTime(at(2025, 11, 31, 23, 0), at(2026, 0, 1, 0, 5)), 'yesterday 23:00');
  assert.equal(clockTime(at(2025, 11, 30, 23, 0), at(2026, 0, 1, 0, 5)), '30 Dec 2025 23:00');
});

test('days are counted by the calendar, also where one of them has 23 or 25 hours', () => {
  for (let day = 0; day < 366; day += 1) {
    const noon = at(2026, 0, 2 + day, 12, 0);
    assert.match(clockTime(at(2026, 0, 1 + day, 0, 30), noon), /^yesterday 0[01]:30$/);
  }
});

test('a clock that is a little ahead of ours tells no other day', () => {
  assert.equal(clockTime(at(2026, 9, 16, 0, 0), at(2026, 9, 15, 23, 59)), '00:00');
});

test('an age has the unit that fits, and is never below nothing', () => {
  const now_s = at(2026, 9, 15, 14, 2);
  const told = (/** @type {number} */ age_s) => age(now_s - age_s, now_s);
  assert.deepEqual([0, 0.031, 0.999].map(told), ['0 ms', '31 ms', '999 ms']);
  assert.deepEqual([1, 1.24, 9.94].map(told), ['1.0 s', '1.2 s', '9.9 s']);
  assert.deepEqual([10, 59, 300, 3599].map(told), ['10 s', '59 s', '5 min', '59 min']);
  assert.equal(told(3600), '13:02');
  assert.equal(told(-5), '0 ms');
});

test('no age reads as 1000 ms or 10.0 s: the next unit begins there', () => {
  for (let age_s = 0.9; age_s < 11; age_s += 0.0007) {
    assert.doesNotMatch(age(1e9, 1e9 + age_s), /^(1000 ms|10\.0 s)$/);
  }
});

test('a duration is whole seconds, minutes or hours', () => {
  assert.deepEqual([-1, 0, 4.4, 59.4].map(duration), ['0 s', '0 s', '4 s', '59 s']);
  assert.deepEqual([59.6, 3599, 3600, 86400].map(duration), ['1 min', '59 min', '1 h', '24 h']);
});

test('a slow rate does not read as nothing', () => {
  assert.deepEqual([0, 0.001, 0.5, 0.94].map(rate), ['0', '0.1', '0.5', '0.9']);
  assert.deepEqual([0.95, 7.8, 25.2].map(rate), ['1', '8', '25']);
});

test('one is not many, and none is a word', () => {
  assert.deepEqual([0, 1, 2].map((number) => count(number, 'face', 'faces')), ['no faces', '1 face', '2 faces']);
});
