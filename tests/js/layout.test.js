// lib/layout.js: how many columns, and how large a cell.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { chooseLayout, commonShape, fitShape } from '../../static/js/lib/layout.js';

const GAP = 8;
const columns = (/** @type {number} */ count, width = 1280, height = 720) => (
  chooseLayout({ count, width, height, shape: 4 / 3 }).columns
);

test('in a wide window there are at least as many columns as rows', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 9].map((count) => columns(count)), [1, 2, 2, 2, 3, 3, 3]);
});

test('two cameras stand beside each other wherever the window is wider than high', () => {
  assert.equal(chooseLayout({ count: 2, width: 800, height: 790, shape: 16 / 9 }).columns, 2);
});

test('in a high window there are at most as many columns as rows', () => {
  assert.deepEqual([1, 2, 4, 6].map((count) => columns(count, 720, 1280)), [1, 1, 1, 2]);
});

test('a phone has one column up to three cameras, then two', () => {
  assert.deepEqual([1, 3, 4, 20].map((count) => columns(count, 390, 700)), [1, 1, 2, 2]);
});

test('all cells are within the window, and larger ones would not be', () => {
  for (let count = 1; count <= 30; count += 1) {
    for (const [width, height] of [[1920, 1080], [1280, 720], [800, 1200], [2560, 700]]) {
      const { columns: across, cellWidth, cellHeight } = chooseLayout({ count, width, height, shape: 16 / 9 });
      const down = Math.ceil(count / across);
      const room = (/** @type {number} */ cells, /** @type {number} */ px) => cells * px + (cells - 1) * GAP;
      assert.ok(room(across, cellWidth) <= width, `${count} in ${width} × ${height}`);
      assert.ok(room(down, cellHeight) <= height, `${count} in ${width} × ${height}`);
      const larger = room(across, cellWidth + 1) > width || room(down, (cellWidth + 1) / (16 / 9)) > height;
      assert.ok(larger, `${count} in ${width} × ${height}`);
    }
  }
});

test('where tiles would be too small to see, the wall scrolls instead', () => {
  const { cellWidth } = chooseLayout({ count: 200, width: 1280, height: 720, shape: 4 / 3 });
  assert.ok(cellWidth >= 200);
});

test('nothing to show, or a window that is not laid out yet, is no division by nothing', () => {
  for (const room of [{ count: 0, width: 1280, height: 720 }, { count: 3, width: 0, height: 0 }]) {
    assert.deepEqual(chooseLayout({ ...room, shape: 1 }), { columns: 1, cellWidth: 0, cellHeight: 0 });
  }
});

test('the wall has the shape that most cameras have, and a usual one before any is known', () => {
  assert.equal(commonShape([16 / 9, 4 / 3, 16 / 9]), 16 / 9);
  assert.equal(commonShape([]), 4 / 3);
  assert.equal(commonShape([640 / 480, 16 / 9, 1280 / 962]).toFixed(1), '1.3', 'nearly the same is the same');
});

test('a picture is fitted into its cell without being stretched', () => {
  const cell = { cellWidth: 400, cellHeight: 300 };
  assert.deepEqual(fitShape(16 / 9, cell), { width: 400, height: 225 });
  assert.deepEqual(fitShape(9 / 16, cell), { width: 169, height: 300 });
});
