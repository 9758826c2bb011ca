// How many of what, in one phrase.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { peopleNow, phrase } from '../../static/js/lib/counts.js';
import { plural } from '../../static/js/lib/format.js';
import { camera, face, OPTIONS, thing } from './samples.js';

/** @param {string[]} labels */
const things = (...labels) => labels.map((label) => thing({ label }));
const undecided = { ...face({}), identity: null };

test('a person is counted once, whichever options found it', () => {
  const objects = things('person', 'person', 'person', 'person', 'dog');
  assert.equal(phrase({ objects, people: 7, faces: [undecided, undecided] }), '7 people · 1 dog');
  assert.equal(phrase({ objects, faces: [undecided, undecided] }), '4 people · 1 dog');
  assert.equal(phrase({ objects: things('person'), faces: [undecided, undecided] }), '2 people');
  assert.equal(phrase({ objects: things('person'), people: 0 }), '');
});

test('faces alone are faces', () => {
  assert.equal(phrase({ faces: [undecided], people: 0, objects: things('cup') }), '1 face · 1 cup');
  assert.equal(phrase({ faces: [undecided] }), '1 face');
  const objects = things('cat', 'cat', 'dog');
  assert.equal(phrase({ faces: [undecided, undecided], objects }), '2 faces · 2 cats · 1 dog');
});

test('names stand for their people, and the rest is told as more', () => {
  const anna = face({ state: 'known', id: 'a', name: 'Anna' });
  const nobody = face({ state: 'unknown' });
  assert.equal(phrase({ faces: [anna, nobody] }), 'Anna, 1 unknown');
  assert.equal(phrase({ faces: [anna, nobody], people: 4, objects: things('dog') }), 'Anna, 1 unknown, 2 more · 1 dog');
});

test('nothing found is nothing said', () => {
  assert.equal(phrase({ faces: [], objects: [], people: 0 }), '');
  assert.equal(phrase({ faces: null, objects: null, people: null }), '');
});

test('many kinds are cut short', () => {
  assert.equal(phrase({ objects: things('cat', 'dog', 'bus', 'cow') }), '1 bus · 1 cat · 1 cow · …');
});

test('things are called as English calls many of them', () => {
  const words = ['dog', 'bus', 'person', 'couch', 'sheep', 'knife', 'wine glass', 'toothbrush'];
  assert.deepEqual(words.map((word) => plural(word)), [
    'dogs', 'buses', 'people', 'couches', 'sheep', 'knives', 'wine glasses', 'toothbrushes',
  ]);
  assert.equal(plural('person', 1), 'person');
});

/** @param {string} id @param {number|null} people @param {object} [fields] */
const counting = (id, people, fields) => camera({ id, people, options: ['people'], ...fields });

/** @param {import('../../static/js/lib/types.js').CameraView[]} cameras @param {[string, number|null][]} [shown] */
function now(cameras, shown = [], lost = false) {
  const { text, of, hint } = peopleNow(cameras, OPTIONS, new Map(shown), lost);
  return { text: text + of, hint };
}

test('the header sums counts and says of how many cameras', () => {
  assert.equal(now([counting('a', 1), counting('b', 4)]).text, '5 people now on 2 cameras');
  assert.equal(now([counting('a', 1)]).text, '1 person now on 1 camera');
  assert.equal(now([counting('a', 0)]).text, '0 people now on 1 camera');
  assert.equal(now([camera({ options: ['faces'] })]).text, '');
});

test('only counts of now are summed', () => {
  const cameras = [counting('a', 3), counting('b', null), counting('c', 9, { state: 'offline' })];
  assert.deepEqual(now(cameras), {
    text: '3 people now on 1 of 2 cameras', hint: '1 of the cameras that count people have no count of now.',
  });
});

test('what a tile says goes before what the hub said, so that both never differ', () => {
  const cameras = [counting('a', 3), counting('b', 4), counting('c', 2)];
  assert.equal(now(cameras, [['a', 5], ['b', null]]).text, '7 people now on 2 of 3 cameras');
  assert.equal(now(cameras, [['a', null], ['b', null], ['c', null]]).text, '– people now');
});

test('a count that is not known is no 0', () => {
  assert.equal(now([counting('a', null)]).text, '– people now');
  assert.equal(now([counting('a', 3)], [], true).text, '– people now');
});
