// lib/words.js: the sentences on a tile, and what is still drawn after a click.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  foundWords, isStale, quietWords, stateSentence, stillAsked, unprovenWords,
} from '../../static/js/lib/words.js';
import { camera, engine, face, model, OPTIONS, result, thing } from './samples.js';

/** @typedef {import('../../static/js/lib/types.js').CameraView['options']} Names */

const AT_S = 1000;
const ANNA = face({ state: 'known', id: 'p1', name: 'Anna' });

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

test('a state is a word and its reason, and nothing while all is well', () => {
  const say = (/** @type {Parameters<typeof camera>[0]} */ of, last_s = 990) => stateSentence(camera(of), AT_S, last_s);
  assert.equal(say({ state: 'online', state_reason: 'good' }), '');
  assert.equal(say({ state: 'stalled' }), 'stalled 10 s');
  assert.equal(say({ state: 'stalled', state_reason: 'no answer' }), 'stalled 10 s: no answer');
  assert.equal(say({ state: 'offline', state_since: 0, state_reason: 'unplugged' }), 'offline: unplugged');
  assert.match(say({ state: 'offline', state_since: 900 }), /^offline since \d\d:\d\d$/);
  assert.equal(say({ state: 'pending' }), 'waiting for approval');
});

test('a result is stale two seconds after its picture, or after the last one that showed the same', () => {
  assert.equal(isStale(result(AT_S), AT_S + 2), false);
  assert.equal(isStale(result(AT_S), AT_S + 2.1), true);
  assert.equal(isStale(result(AT_S, { unchanged_until: AT_S + 60 }), AT_S + 61), false);
  assert.equal(isStale(result(AT_S), null), false);
});

test('nothing is on: nothing is said, not even an error', () => {
  const of = camera({ options: [], analysis_error: 'The engine is gone.' });
  assert.equal(foundWords(of, null, AT_S, engine(), OPTIONS).short, '');
});

test('what was found before a model failed is still told', () => {
  const status = engine({ models: [model({ state: 'failed', reason: 'out of memory' })] });
  assert.equal(words(['faces'], result(10, { faces: [face({})] }), { status }).short, '1 face');
});

test('a result whose options are all on is the same object: nothing is drawn again', () => {
  const found = result(AT_S, { faces: [ANNA], objects: [thing({})], people: 1 });
  const all = camera({ options: ['recognition', 'landmarks', 'objects', 'people'] });
  assert.equal(stillAsked(found, all, OPTIONS), found);
});

test('what is switched off is gone from a result, and nothing else', () => {
  const found = result(AT_S, { faces: [ANNA], objects: [thing({})] });
  const left = stillAsked(found, camera({ options: ['faces'] }), OPTIONS);
  assert.equal(left?.objects, null);
  assert.deepEqual(left?.faces?.map(({ identity, box }) => [identity, box]), [[null, ANNA.box]]);
  assert.equal(stillAsked(found, camera({ options: ['people'] }), OPTIONS), null);
});

test('objects below the threshold, and of other labels, are not shown any more', () => {
  const objects = [thing({ label: 'dog', score: 0.9 }), thing({ label: 'cat', score: 0.4 }), thing({ label: 'cat' })];
  const of = camera({ options: ['objects'], objects: { min_score: 0.5, labels: ['cat'] } });
  assert.deepEqual(stillAsked(result(AT_S, { objects }), of, OPTIONS)?.objects, [objects[2]]);
});

test('the empty list of what was looked for stays one: it is not "waiting"', () => {
  const found = result(AT_S, { faces: [] });
  assert.deepEqual(stillAsked(found, camera({ options: ['faces'] }), OPTIONS)?.faces, []);
});

test('a still scene is explained, and only where something is looked for', () => {
  const motion = { quiet: true, skipped: 40, skipped_fps: 5 };
  assert.equal(quietWords(camera({ options: ['faces'], motion })).short, 'quiet');
  assert.match(quietWords(camera({ options: ['faces'], motion })).full, /: 40\.$/);
  assert.equal(quietWords(camera({ options: [], motion })).short, '');
  assert.equal(quietWords(camera({ options: ['faces'], motion: { ...motion, quiet: false } })).short, '');
});

test('an agent that does not prove who it is has a quiet mark and one sentence', () => {
  assert.equal(unprovenWords(camera({ proven: true })).short, '');
  assert.equal(unprovenWords(camera({ proven: false })).short, 'unproven');
  assert.match(unprovenWords(camera({ proven: false })).full, /^This agent does not prove who it is: /);
});

test('zones with something in them are named with the number; those that are empty or gone are not', () => {
  const found = { ...result(10, { objects: [], people: 3 }), zones: { z1: 2, z2: 0, gone: 1 } };
  const of = camera({ options: ['objects', 'people'], zones: { z1: 'Yard', z2: 'Door' } });
  const { short, full } = foundWords(of, found, 10, engine(), OPTIONS);
  assert.match(short, / · Yard 2$/);
  assert.match(full, /\nYard 2$/);
  assert.doesNotMatch(words(['objects', 'people'], found).short, /Yard/);
});
