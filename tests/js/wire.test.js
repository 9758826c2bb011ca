// lib/wire.js: a picture's message is a length, a header and a JPEG.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parsePicture } from '../../static/js/lib/wire.js';

/** @param {string} header @param {number[]} jpeg @param {number} [length] what it says the header's is */
function message(header, jpeg, length) {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(4 + text.length + jpeg.length);
  new DataView(bytes.buffer).setUint32(0, length ?? text.length);
  bytes.set(text, 4);
  bytes.set(jpeg, 4 + text.length);
  return bytes.buffer;
}

test('the header and the bytes of the picture are told apart', () => {
  const { header, jpeg } = parsePicture(message('{"camera":"Küche","seq":7}', [0xff, 0xd8, 0xff]));
  assert.deepEqual(header, { camera: 'Küche', seq: 7 });
  assert.deepEqual([...jpeg], [0xff, 0xd8, 0xff]);
});

test('a message that is shorter than it says is refused', () => {
  assert.throws(() => parsePicture(message('{}', [], 3)), /shorter than it says/);
  assert.throws(() => parsePicture(message('{}', [], 0xffffffff)), /shorter than it says/);
  assert.throws(() => parsePicture(new ArrayBuffer(3)), RangeError);
});

test('a header that is no JSON is refused', () => {
  assert.throws(() => parsePicture(message('{"camera"', [])), SyntaxError);
});

test('a picture of no bytes is one that cannot be decoded, and no error here', () => {
  assert.equal(parsePicture(message('{}', [])).jpeg.length, 0);
});
