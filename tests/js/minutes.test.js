// lib/minutes.js: stored minutes as a chart wants them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { seriesOf } from '../../static/js/lib/minutes.js';

/** @param {number} at @param {number} mean @param {number} max */
const minute = (at, mean, max) => ({ camera: 'one', at, mean, max, known_s: 60 });

test('a minute that was not counted is a gap, and never zero', () => {
  const [times, means, most] = seriesOf([minute(60, 0.5, 1), minute(120, 1, 2), minute(600, 3, 4)]);
  assert.deepEqual(times, [60, 120, 180, 600]);
  assert.deepEqual(means, [0.5, 1, null, 3]);
  assert.deepEqual(most, [1, 2, null, 4]);
  assert.deepEqual(seriesOf([]), [[], [], []]);
});
