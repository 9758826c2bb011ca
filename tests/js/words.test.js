// The sentences on a tile.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { foundWords } from '../../static/js/lib/words.js';
import { camera, engine, face, model, OPTIONS, result, thing } from './samples.js';

/** @typedef {import('../../static/js/lib/types.js').CameraView['options']} Names */

/**
 * @param {Names} options
 * @param {import('../../static/js/lib/types.js').NewResult|null} found
 * @param {{picture_s?: number|null, status?: import('../../static/js/lib/types.js').EngineStatusView}} [more]
 */
const words = (options, found, { picture_s = 10, status = engine() } = {}) => (
  foundWords(camera({ options }), found, picture_s, status, OPTIONS)
);

test('before the first result a count is not known', () => {
  assert.deepEqual(words(['people'], null), { short: '–', full: 'people: waiting for the first result' });
  assert.equal(words(['faces', 'objects'], null).short, '–');
});

test('one phrase says what was found, and that nothing was', () => {
  const found = result(10, { faces: [face({})], objects: [thing({ label: 'person' }), thing({})], people: 2 });
  assert.equal(words(['faces', 'objects', 'people'], found).short, '2 people · 1 dog');
  const none = result(10, { faces: [], objects: [], people: 0 });
  assert.equal(words(['faces', 'objects', 'people'], none).short, 'nothing found');
  assert.equal(words([], none).short, '');
});

test('what is not known yet, or does not work, never reads as nothing', () => {
  const half = result(10, { faces: [], objects: null });
  assert.equal(words(['faces', 'objects'], half).short, 'no faces · objects –');
  const status = engine({ models: [model({ task: 'objects', state: 'failed', reason: 'It is not installed.' })] });
  assert.deepEqual(words(['faces', 'objects'], half, { status }), {
    short: 'no faces · objects: not working', full: 'no faces\nobjects: It is not installed.',
  });
});

test('a result that is late is a dot and words on hover, and a line only when that lasts', () => {
  const found = result(10, { faces: [] });
  assert.deepEqual(words(['faces'], found, { picture_s: 12 }).short, 'nothing found');
  assert.deepEqual(words(['faces'], found, { picture_s: 14 }), { short: '–', full: 'no result for 4 s', late: true });
  assert.equal(words(['faces'], found, { picture_s: 22 }).short, 'no result for 12 s');
  const still = result(10, { faces: [], unchanged_until: 21 });
  assert.equal(words(['faces'], still, { picture_s: 22 }).short, 'nothing found');
});

test('what is counted as a person is no object in the same breath', () => {
  const found = result(10, { objects: [thing({ label: 'person' }), thing({})], people: 3 });
  assert.equal(words(['objects', 'people'], found).full, '1 object: dog\u00a01\n3 people');
  assert.equal(words(['objects'], found).full, '2 objects: dog\u00a01, person\u00a01');
});
