// lib/files.js: what a snapshot is called.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fileName } from '../../static/js/lib/files.js';

const AT = new Date(2026, 10, 28, 14, 2, 33);

test('a snapshot has the name of its camera and its time, in characters that every system takes', () => {
  assert.equal(fileName('Front door', AT, false), 'Front door 2026-11-28 14-02-33.jpg');
  assert.equal(fileName('../<b>a:b</b>\u0007', AT, true), 'b a b b 2026-11-28 14-02-33 boxes.jpg');
  assert.equal(fileName('Küche 門', AT, false), 'Küche 門 2026-11-28 14-02-33.jpg');
  assert.equal(fileName('...', AT, false), 'camera 2026-11-28 14-02-33.jpg');
});
