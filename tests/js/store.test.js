// lib/store.js: what the page knows, what the viewer has chosen, and clicks that the hub has not answered yet.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { createStore } from '../../static/js/lib/store.js';
import { OPTIONS, camera, engine } from './samples.js';

/** @type {Map<string, string>} what this browser remembers */
let kept = new Map();
/** @type {import('../../static/js/lib/views.js').View[]} every view that the page was given */
let views = [];

beforeEach(() => {
  kept = new Map();
  views = [];
  const localStorage = {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void kept.set(key, value),
  };
  Object.defineProperty(globalThis, 'localStorage', { value: localStorage, configurable: true });
});

/**
 * A store that the hub has told of these cameras.
 * @param {import('../../static/js/lib/types.js').CameraView[]} cameras
 */
function told(...cameras) {
  const store = createStore((view) => views.push(view));
  const hello = { type: 'hello', version: '1', hub_time: 0, options: OPTIONS, cameras, status: engine() };
  store.hello(/** @type {import('../../static/js/lib/types.js').Hello} */ (hello));
  return store;
}

const ids = (/** @type {import('../../static/js/lib/types.js').CameraView[]} */ cameras) => cameras.map(({ id }) => id);

test('cameras stand in the order in which they came, and those that wait for approval apart', () => {
  const [young, old] = [camera({ id: 'a', registered_at: 9 }), camera({ id: 'b', registered_at: 1 })];
  const { cameras, pending } = told(young, old, camera({ id: 'c', state: 'pending' })).view();
  assert.deepEqual(ids(cameras), ['b', 'a']);
  assert.deepEqual(ids(pending), ['c']);
});

test('any number of changes in a row is one change for the page', async () => {
  const store = told(camera());
  store.setLink('lost');
  store.select('one', true);
  assert.equal(views.length, 0);
  await Promise.resolve();
  assert.equal(views.length, 1);
  assert.equal(views[0].link, 'lost');
});

test('a click shows at once, and what the hub says meanwhile does not take it back', () => {
  const store = told(camera({ options: ['objects'] }));
  store.wish(['one'], 'faces', true);
  store.wish(['one'], 'objects', false);
  store.update([camera({ options: ['objects'] })]);
  assert.deepEqual(store.view().cameras[0].options, ['faces']);
});

test('once the hub has answered, what it says counts', () => {
  const store = told(camera());
  const wish = store.wish(['one'], 'faces', true);
  store.settle(['one'], 'faces', wish);
  assert.deepEqual(store.view().cameras[0].options, []);
});

test('the answer to an earlier click leaves a later one alone', () => {
  const store = told(camera());
  const first = store.wish(['one'], 'faces', true);
  store.wish(['one'], 'faces', false);
  store.update([camera({ options: ['faces'] })]);
  store.settle(['one'], 'faces', first);
  assert.deepEqual(store.view().cameras[0].options, []);
});

test('settings that the hub refuses go back, but for what was changed again since', () => {
  const store = told(camera({ objects: { min_score: 0.5, labels: null } }));
  const undo = store.patchObjects('one', { min_score: 0.3, labels: ['cat'] });
  store.patchObjects('one', { min_score: 0.8 });
  undo();
  assert.deepEqual(store.view().cameras[0].objects, { min_score: 0.8, labels: null });
});

test('taking back settings of a camera that has gone does nothing', () => {
  const store = told(camera());
  const undo = store.patchObjects('one', { min_score: 0.3 });
  store.gone('one');
  undo();
  store.patch('one', { name: 'Ghost' });
  assert.deepEqual(store.view().cameras, []);
});

test('a selection is remembered, and a camera that has gone leaves it', () => {
  const store = told(camera(), camera({ id: 'two' }));
  store.selectAll(true);
  store.gone('two');
  assert.deepEqual([...told(camera(), camera({ id: 'two' })).view().selected], ['one']);
});

test('a selected camera that is not here yet is not counted, and is selected when it comes back', () => {
  kept.set('convergecast.selected', '["one", "away"]');
  const store = told(camera());
  assert.deepEqual([...store.view().selected], ['one']);
  store.update([camera({ id: 'away' })]);
  assert.deepEqual([...store.view().selected].sort(), ['away', 'one']);
});

test('what another program has stored under our names does no harm', () => {
  kept.set('convergecast.selected', '{"one": 1}');
  kept.set('convergecast.onlySelected', '"yes"');
  const { selected, onlySelected } = told(camera()).view();
  assert.deepEqual([...selected], []);
  assert.equal(onlySelected, false);
});

test('a camera that goes does not stay enlarged', () => {
  const store = told(camera());
  store.goTo({ camera: 'one', view: null });
  assert.equal(store.view().enlarged, 'one');
  store.gone('one');
  assert.equal(store.view().enlarged, null);
});

test('a button acts on the camera that is open, else on the selected ones in view', () => {
  const store = told(camera(), camera({ id: 'two' }), camera({ id: 'three' }));
  store.selectOnly(['one', 'three']);
  assert.deepEqual(ids(store.view().chosen), ['one', 'three']);
  store.goTo({ camera: 'two', view: null });
  assert.deepEqual(ids(store.view().chosen), ['two']);
  const view = { name: 'Gates', cameras: ['three', 'two'], columns: 2, shape: 1, shared: false, own: true };
  store.setViews([view]);
  store.goTo({ camera: null, view: 'Gates' });
  const { chosen, inView, columns, shape } = store.view();
  assert.deepEqual([ids(inView), ids(chosen), columns, shape], [['three', 'two'], ['three'], 2, 1]);
  store.selectAll(true);
  assert.deepEqual(ids(store.view().chosen), ['three', 'two']);
});

test('a camera that is being forgotten is not shown, and is again when that is undone', () => {
  const store = told(camera(), camera({ id: 'two' }));
  store.setForgotten('two', true);
  store.update([camera({ id: 'two', name: 'Still told' })]);
  assert.deepEqual(ids(store.view().cameras), ['one']);
  store.setForgotten('two', false);
  assert.deepEqual(ids(store.view().cameras), ['one', 'two']);
});

test('after a reconnection only what the hub tells now is there', () => {
  const store = told(camera());
  const hello = { options: OPTIONS, cameras: [camera({ id: 'two' })], status: engine() };
  store.hello(/** @type {import('../../static/js/lib/types.js').Hello} */ (hello));
  assert.deepEqual(ids(store.view().cameras), ['two']);
  assert.equal(store.view().link, 'live');
});
