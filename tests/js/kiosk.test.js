// lib/kiosk.js: whose turn it is on a wall.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nextView } from '../../static/js/lib/kiosk.js';

test('views take turns, and from all cameras the first one comes', () => {
  assert.equal(nextView(['a', 'b', 'c'], 'a'), 'b');
  assert.equal(nextView(['a', 'b', 'c'], 'c'), 'a');
  assert.equal(nextView(['a', 'b'], null), 'a');
  assert.equal(nextView(['a'], 'gone'), 'a');
  assert.equal(nextView([], 'a'), null);
});
