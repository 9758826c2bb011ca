// lib/order.js: the order of the tiles, where keys lead, and what clicks select.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { arranged, clicked, moved, reached, shifted } from '../../static/js/lib/order.js';

const ORDER = ['a', 'b', 'c', 'd', 'e'];
const items = (/** @type {string} */ ids) => [...ids].map((id) => ({ id }));
const how = { anchor: /** @type {string|null} */ (null), shift: false, toggle: false };

test('what an order names comes first, and what it does not know keeps its place after it', () => {
  const ids = (/** @type {string[]} */ order) => arranged(items('abcd'), order).map(({ id }) => id).join('');
  assert.equal(ids(['c', 'gone', 'a']), 'cabd');
  assert.equal(ids([]), 'abcd');
});

test('a tile is put before or after another', () => {
  assert.equal(moved(ORDER, 'a', 'd', true).join(''), 'bcdae');
  assert.equal(moved(ORDER, 'a', 'd', false).join(''), 'bcade');
  assert.equal(moved(ORDER, 'e', 'a', false).join(''), 'eabcd');
  assert.equal(moved(ORDER, 'c', 'c', true).join(''), 'abcde');
});

test('a tile goes by places and stays at the ends', () => {
  assert.equal(shifted(ORDER, 'b', 1).join(''), 'acbde');
  assert.equal(shifted(ORDER, 'b', -1).join(''), 'bacde');
  assert.equal(shifted(ORDER, 'b', -3).join(''), 'bacde');
  assert.equal(shifted(ORDER, 'd', 3).join(''), 'abced');
  assert.equal(shifted(ORDER, 'a', -1).join(''), 'abcde');
});

test('arrows go from tile to tile, and from the last full row to the last tile', () => {
  const at = (/** @type {string} */ key, /** @type {number} */ from) => reached(key, from, 3, 5);
  assert.deepEqual([at('ArrowRight', 0), at('ArrowLeft', 0), at('ArrowRight', 4)], [1, 0, 4]);
  assert.deepEqual([at('ArrowDown', 0), at('ArrowDown', 2), at('ArrowDown', 3), at('ArrowUp', 4)], [3, 4, 3, 1]);
  assert.deepEqual([at('Home', 3), at('End', 0)], [0, 4]);
});

test('a click selects one, with Control it toggles, with Shift it selects a range', () => {
  assert.deepEqual(clicked(ORDER, new Set(['a', 'b']), 'c', how), ['c']);
  assert.deepEqual(clicked(ORDER, new Set(['a']), 'c', { ...how, toggle: true }), ['a', 'c']);
  assert.deepEqual(clicked(ORDER, new Set(['a', 'c']), 'c', { ...how, toggle: true }), ['a']);
  assert.deepEqual(clicked(ORDER, new Set(['a']), 'b', { ...how, anchor: 'd', shift: true }), ['b', 'c', 'd']);
  assert.deepEqual(clicked(ORDER, new Set(['e']), 'c', { anchor: 'b', shift: true, toggle: true }), ['e', 'b', 'c']);
  assert.deepEqual(clicked(ORDER, new Set(), 'c', { ...how, shift: true }), ['c'], 'a range needs a beginning');
  assert.deepEqual(clicked(ORDER, new Set(), 'b', { ...how, anchor: 'gone', shift: true }), ['a', 'b']);
});
