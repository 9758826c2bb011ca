// lib/layout.js: how many columns, and how large a cell.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { chooseLayout, fitShape, GAP, USUAL_SHAPE } from '../../static/js/lib/layout.js';

const room = (/** @type {number} */ cells, /** @type {number} */ px) => cells * px + (cells - 1) * GAP;
/** Columns are chosen by the page. @param {{count: number, width: number, height: number, shape?: number}} given */
const auto = (given) => chooseLayout({ shape: USUAL_SHAPE, columns: null, ...given });
const columns = (/** @type {number} */ count, width = 1280, height = 720) => auto({ count, width, height }).columns;

test('in a wide window few cameras stand beside each other, and more in a square', () => {
  assert.deepEqual([1, 4, 9, 16].map((count) => columns(count)), [1, 2, 3, 4]);
});

test('two cameras stand beside each other where that is larger, else below each other', () => {
  assert.equal(columns(2, 1600, 500), 2);
  assert.equal(columns(2, 800, 1200), 1);
});

test('in a high window there are at most as many columns as rows', () => {
  const across = [1, 2, 4, 6].map((count) => auto({ count, width: 720, height: 1280, shape: 4 / 3 }).columns);
  assert.deepEqual(across, [1, 1, 1, 2]);
});

test('a phone has one column up to three cameras, then two', () => {
  assert.deepEqual([1, 3, 4, 20].map((count) => columns(count, 390, 700)), [1, 1, 2, 2]);
});

test('on a phone the height changes nothing: its bar opens over the wall', () => {
  for (const count of [1, 3, 8]) {
    assert.deepEqual(auto({ count, width: 374, height: 640 }), auto({ count, width: 374, height: 120 }));
  }
});

test('six cameras fill most of the stage of usual windows', () => {
  for (const [width, height] of [[1094, 712], [1648, 1024], [3440, 2080], [1024, 700]]) {
    const { cellWidth, cellHeight } = auto({ count: 6, width, height });
    const filled = (6 * cellWidth * cellHeight) / (width * height);
    assert.ok(filled > 0.7, `${width} × ${height}: ${filled}`);
  }
});

test('all cells are within the window, and no other number of columns would make them larger', () => {
  for (let count = 1; count <= 30; count += 1) {
    for (const [width, height] of [[1920, 1080], [1280, 720], [800, 1200], [2560, 700]]) {
      const { columns: across, cellWidth, cellHeight } = auto({ count, width, height });
      const name = `${count} in ${width} × ${height}`;
      assert.ok(room(across, cellWidth) <= width, name);
      assert.ok(room(Math.ceil(count / across), cellHeight) <= height, name);
      for (let other = 1; other <= count; other += 1) {
        const rows = Math.ceil(count / other);
        const larger = cellWidth + 1;
        const fits = room(other, larger) <= width && room(rows, larger / USUAL_SHAPE) <= height;
        assert.ok(!fits, `${name}: ${other} columns`);
      }
    }
  }
});

test('columns that are chosen take the width, and a phone has at most two', () => {
  const given = { count: 6, width: 1200, height: 700, shape: USUAL_SHAPE };
  for (const number of [1, 2, 3, 4, 5, 6]) {
    const { columns: across, cellWidth, cellHeight } = chooseLayout({ ...given, columns: number });
    assert.equal(across, number);
    assert.ok(room(number, cellWidth) <= 1200 && (number === 1 || room(number, cellWidth + 1) > 1200));
    assert.ok(cellHeight <= 700, 'one cell is never larger than the window');
  }
  assert.equal(chooseLayout({ ...given, width: 390, columns: 5 }).columns, 2);
});

test('cells have the shape that is chosen', () => {
  for (const shape of [16 / 9, 4 / 3, 1, 9 / 16]) {
    const { cellWidth, cellHeight } = auto({ count: 7, width: 1500, height: 800, shape });
    assert.ok(Math.abs(cellHeight - cellWidth / shape) <= 1);
  }
});

test('where tiles would be too small to see, the wall scrolls instead', () => {
  assert.ok(auto({ count: 200, width: 1280, height: 720 }).cellWidth >= 200);
});

test('nothing to show, or a window that is not laid out yet, is no division by nothing', () => {
  for (const given of [{ count: 0, width: 1280, height: 720 }, { count: 3, width: 0, height: 0 }]) {
    assert.deepEqual(auto(given), { columns: 1, cellWidth: 0, cellHeight: 0 });
  }
});

test('a picture is fitted into its cell without being stretched', () => {
  const cell = { cellWidth: 400, cellHeight: 300 };
  assert.deepEqual(fitShape(16 / 9, cell), { width: 400, height: 225 });
  assert.deepEqual(fitShape(9 / 16, cell), { width: 169, height: 300 });
});
