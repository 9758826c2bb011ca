// lib/people.js: how a recognised face is called and coloured.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { faceWords, personHue, whoWords } from '../../static/js/lib/people.js';
import { face } from './samples.js';

const known = (/** @type {string} */ name) => face({ state: 'known', name, id: name });

test('a face is called by its name, with a question mark where that is in doubt', () => {
  assert.equal(faceWords(known('Anna')), 'Anna');
  assert.equal(faceWords(face({ state: 'perhaps', name: 'Ben' })), 'Ben?');
  assert.equal(faceWords(face({ state: 'unknown' })), 'unknown');
});

test('who is not decided is told what hinders it, and nothing where nothing does', () => {
  assert.equal(faceWords(face({ state: 'undecided', flaws: ['too small', 'blurred'] })), 'too small');
  assert.equal(faceWords(face({ state: 'undecided' })), '');
});

test('a name that is missing never reads as null', () => {
  assert.equal(faceWords(face({ state: 'known', name: null })), '');
  assert.equal(faceWords(face({ state: 'perhaps', name: null })), '');
});

test('without recognition a face has no words', () => {
  assert.equal(faceWords({ ...face({}), identity: null }), null);
  assert.equal(faceWords({ ...face({}), identity: null, person: { id: 'p', name: 'Anna', distance: 0.3 } }), 'Anna');
});

test('names come first, each once, and unknown faces are counted', () => {
  const unknown = face({ state: 'unknown' });
  const perhaps = face({ state: 'perhaps', name: 'Ben' });
  assert.deepEqual(whoWords([unknown, perhaps, known('Anna'), known('Anna'), unknown]), ['Anna', 'Ben?', '2 unknown']);
  assert.deepEqual(whoWords([face({ state: 'undecided' })]), []);
});

test('a person keeps one hue, and people are spread over all of them', () => {
  const hues = Array.from({ length: 600 }, (_, index) => personHue(`person-${index}`));
  assert.equal(personHue('person-7'), hues[7]);
  assert.deepEqual([...new Set(hues)].sort((one, other) => one - other), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert.equal(personHue(''), 0);
  assert.ok(Number.isInteger(personHue('Žofie 🐈')));
});

test('the hub chooses ids by the same hue', () => {
  assert.deepEqual(['0123456789abcdef', 'ffffffffffffffff', 'Анна'].map(personHue), [7, 4, 7]);
});
