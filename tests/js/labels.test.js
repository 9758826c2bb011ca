// Where the words beside boxes stand.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LABEL_HEIGHT, placeLabels } from '../../static/js/lib/labels.js';

const AREA = { width: 400, height: 300, top: 38 };

/** @param {number[]} box @param {number} [width] */
const place = (box, width = 60) => placeLabels([{ box, width }], AREA)[0];

test('words stand above their box, else below, else within', () => {
  assert.equal(place([100, 100, 160, 200])?.top, 80);
  assert.equal(place([100, 50, 160, 200])?.top, 203);
  assert.equal(place([100, 40, 160, 295])?.top, 44);
});

test('words stay within the picture, also of a box that leaves it', () => {
  const boxes = [[-50, 100, 20, 200], [390, 100, 480, 200], [100, -90, 160, 500], [0, 280, 400, 330], [0, 0, 9, 9]];
  for (const box of boxes) {
    const at = place(box);
    assert.ok(at, String(box));
    assert.ok(at.left >= 0 && at.left + at.width <= 400 && at.top >= 38 && at.top + LABEL_HEIGHT <= 300, String(box));
  }
  assert.equal(place([0, 100, 400, 200], 401), null);
});

test('a thousand labels never lie on each other nor outside', () => {
  let seed = 7;
  const random = () => { seed = (seed * 16807) % 2147483647; return seed / 2147483647; };
  for (let round = 0; round < 20; round += 1) {
    const labels = Array.from({ length: 50 }, () => {
      const [x, y] = [random() * 420 - 20, random() * 320 - 20];
      return { box: [x, y, x + random() * 90, y + random() * 120], width: 20 + random() * 90 };
    });
    const places = placeLabels(labels, AREA).filter((at) => at !== null);
    assert.ok(places.length > 10);
    places.forEach((one, index) => {
      assert.ok(one.left >= 0 && one.left + one.width <= 400 && one.top >= 38 && one.top + LABEL_HEIGHT <= 300);
      for (const other of places.slice(0, index)) {
        const beside = one.left >= other.left + other.width || other.left >= one.left + one.width;
        assert.ok(beside || Math.abs(one.top - other.top) >= LABEL_HEIGHT);
      }
    });
  }
});
