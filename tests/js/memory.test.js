// lib/memory.js: what a browser remembers of its own view, and one that refuses to.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { recall, remember } from '../../static/js/lib/memory.js';

/** @param {Partial<Storage>} storage */
const use = (storage) => Object.defineProperty(globalThis, 'localStorage', { value: storage, configurable: true });

afterEach(() => Reflect.deleteProperty(globalThis, 'localStorage'));

/** A storage with the two methods that are used. @param {Map<string, string>} kept */
const storage = (kept) => ({
  getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
  setItem: (/** @type {string} */ key, /** @type {string} */ value) => void kept.set(key, value),
});

test('what was remembered comes back, under a name of its own', () => {
  const kept = new Map();
  use(storage(kept));
  remember('selected', ['a', 'b']);
  assert.deepEqual(recall('selected', []), ['a', 'b']);
  assert.deepEqual([...kept.keys()], ['convergecast.selected']);
});

test('false is remembered as false, and not as nothing', () => {
  use(storage(new Map()));
  remember('asideHidden', false);
  assert.equal(recall('asideHidden', true), false);
});

test('what was never remembered, or is damaged, is the usual', () => {
  use(storage(new Map([['convergecast.broken', '{']])));
  assert.equal(recall('unknown', 7), 7);
  assert.equal(recall('broken', 7), 7);
});

test('a browser that refuses storage forgets, and the page goes on', () => {
  const refuse = () => { throw new Error('SecurityError'); };
  use({ getItem: refuse, setItem: refuse });
  remember('selected', []);
  assert.equal(recall('selected', 7), 7);
});
