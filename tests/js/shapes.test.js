import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inArrow, inPicture, newShape, shapesOf, withCorner, zonesOf } from '../../static/js/lib/shapes.js';

/** @type {any} */
const STORED = {
  zones: [{ id: 'z', name: 'Yard', polygon: [[0, 0], [1, 0], [1, 1]], labels: ['person'] }],
  lines: [{ id: 'l', name: 'Door', from: [0.5, 1], to: [0.5, 0], labels: null }],
  masks: [{ id: 'm', kind: 'objects', polygon: [[0, 0], [0.5, 0], [0, 0.5]] }],
};

test('what is stored comes back as it was', () => {
  assert.deepEqual(zonesOf(shapesOf(STORED)), STORED);
});

test('what is new has no id yet', () => {
  const { zones, lines, masks } = zonesOf([newShape('zone', 1), newShape('line', 2), newShape('mask', 1)]);
  assert.deepEqual(Object.keys(zones[0]), ['name', 'polygon', 'labels']);
  assert.deepEqual([zones[0].name, lines[0].name, masks[0].kind], ['Zone 1', 'Line 2', 'motion']);
});

test('a place stays within the picture', () => {
  assert.deepEqual(inPicture([-0.2, 1.7]), [0, 1]);
});

test('a corner is added in the edge that is nearest', () => {
  /** @type {any} */
  const square = [[0, 0], [1, 0], [1, 1], [0, 1]];
  assert.deepEqual(withCorner(square, [0.9, 0.5]), [[0, 0], [1, 0], [0.9, 0.5], [1, 1], [0, 1]]);
  assert.deepEqual(withCorner(square, [0.1, 0.5]).at(-1), [0.1, 0.5]);
});

test('the arrow of a line upwards points to the right of the picture', () => {
  const [from, to] = inArrow([[0.5, 1], [0.5, 0]], 4 / 3);
  assert.deepEqual(from, [0.5, 0.5]);
  assert.ok(to[0] > 0.5);
  assert.equal(to[1], 0.5);
});
