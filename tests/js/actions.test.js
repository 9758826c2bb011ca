// lib/actions.js: what clicks do, and what becomes of them when the hub refuses.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { createActions, whatGoes } from '../../static/js/lib/actions.js';
import { createStore } from '../../static/js/lib/store.js';
import { OPTIONS, camera, engine } from './samples.js';

/** @type {{path: string, body: any}[]} what the hub was asked */
let asked = [];
/** @type {string[]} what was said beside the buttons; the last counts */
let said = [];
/** @type {(view: import('../../static/js/lib/views.js').View) => boolean} whether what was said last is past */
let isPast = () => false;
/** @type {string[]} */
let went = [];
let pointed = 0;
/** @type {(request: {path: string, body: any}) => any} what the hub answers: JSON; or it throws, and is away */
let hub = () => ({});

beforeEach(() => {
  [asked, said, went, pointed] = [[], [], [], 0];
  mock.method(globalThis, 'fetch', async (/** @type {string} */ path, /** @type {RequestInit} */ { body }) => {
    const request = { path, body: JSON.parse(String(body)) };
    asked.push(request);
    const { status = 200, ...answer } = await hub(request);
    return Response.json(answer, { status });
  });
});

afterEach(() => mock.restoreAll());

/** The page with two cameras, both selected. */
function page() {
  const store = createStore(() => {});
  const cameras = [camera({ id: 'hall', name: 'Hall' }), camera({ id: 'yard', name: 'Yard', registered_at: 2000 })];
  const hello = { options: OPTIONS, cameras, status: engine() };
  store.hello(/** @type {import('../../static/js/lib/types.js').Hello} */ (hello));
  store.selectAll(true);
  const say = (/** @type {string} */ sentence, /** @type {any} */ more) => {
    said.push(sentence);
    isPast = more?.until ?? (() => false);
  };
  const pointAtCheckboxes = () => { pointed += 1; };
  const parts = /** @type {any} */ ({ store, say, pointAtCheckboxes, go: (/** @type {string} */ id) => went.push(id) });
  return { store, actions: createActions(parts) };
}

/** Waits until everything that was clicked is answered. */
const answered = async () => { for (let turn = 0; turn < 20; turn += 1) await setImmediate(); };

/** What is shown as on, by camera. @param {ReturnType<typeof createStore>} store */
const optionsOf = (store) => store.view().cameras.map(({ options }) => options);

/** The hub sets these options for every camera that it is asked for. @param {string[]} options */
const sets = (...options) => (/** @type {{body: any}} */ { body }) => {
  const ids = /** @type {string[]} */ (body.cameras);
  return { cameras: Object.fromEntries(ids.map((id) => [id, { options }])) };
};

test('with nothing selected the page asks for a selection, and the hub for nothing', async () => {
  const { store, actions } = page();
  store.selectAll(false);
  actions.pressOption('faces');
  await answered();
  assert.deepEqual([said.at(-1), pointed, asked], ['Please select a camera', 1, []]);
});

test('a button shows its new state before the hub has answered', () => {
  const { store, actions } = page();
  actions.pressOption('faces');
  assert.deepEqual(optionsOf(store), [['faces'], ['faces']]);
});

test('a mixed button switches on for all, and one that is on switches off', async () => {
  hub = sets('faces');
  const { store, actions } = page();
  store.patch('hall', { options: ['faces'] });
  actions.pressOption('faces');
  await answered();
  actions.pressOption('faces');
  await answered();
  assert.deepEqual(asked.map(({ body }) => [body.option, body.on]), [['faces', true], ['faces', false]]);
});

test('a refusal for one camera names it, and its button is put right', async () => {
  hub = () => ({ cameras: { hall: { options: ['faces'] }, yard: { error: 'x', message: 'No model.' } } });
  const { store, actions } = page();
  actions.pressOption('faces');
  await answered();
  assert.equal(said.at(-1), 'Yard: No model.');
  assert.deepEqual(optionsOf(store), [['faces'], []]);
});

test('a reason that all cameras share is said once', async () => {
  hub = () => ({ cameras: { hall: { message: 'No model.' }, yard: { message: 'No model.' } } });
  page().actions.pressOption('faces');
  await answered();
  assert.equal(said.at(-1), 'No model.');
});

test('different reasons: the first is said, and how many more there are', async () => {
  hub = () => ({ cameras: { hall: { message: 'No model.' }, yard: { message: 'It is gone.' } } });
  page().actions.pressOption('faces');
  await answered();
  assert.equal(said.at(-1), 'Hall: No model. And 1 more.');
});

test('when the hub is away, the buttons go back and the page says so', async () => {
  hub = () => { throw new TypeError('Failed to fetch'); };
  const { store, actions } = page();
  actions.pressOption('faces');
  await answered();
  assert.equal(said.at(-1), 'The hub cannot be reached.');
  assert.deepEqual(optionsOf(store), [[], []]);
});

test('a notice goes when its cause has gone: something is selected', () => {
  const { store, actions } = page();
  store.selectAll(false);
  actions.pressOption('faces');
  assert.equal(isPast(store.view()), false);
  store.select('hall', true);
  assert.equal(isPast(store.view()), true);
});

test('a refusal is past when the option is on all the same, or other cameras are selected', async () => {
  hub = () => ({ cameras: { hall: { message: 'No model.' }, yard: { message: 'No model.' } } });
  const { store, actions } = page();
  actions.pressOption('faces');
  await answered();
  assert.equal(isPast(store.view()), false);
  store.patch('hall', { options: ['faces'] });
  assert.equal(isPast(store.view()), false, 'one of two');
  store.patch('yard', { options: ['faces'] });
  assert.equal(isPast(store.view()), true);
  store.patch('yard', { options: [] });
  store.select('yard', false);
  assert.equal(isPast(store.view()), true);
});

test('that the hub is away is past when it is here again', async () => {
  hub = () => { throw new TypeError('Failed to fetch'); };
  const { store, actions } = page();
  actions.pressOption('faces');
  await answered();
  assert.equal(isPast(store.view()), false);
  store.setLink('lost');
  assert.equal(isPast(store.view()), false);
  store.setLink('live');
  assert.equal(isPast(store.view()), true);
});

test('two clicks reach the hub in their order', async () => {
  /** @type {(() => void)[]} */
  const waiting = [];
  hub = async (request) => {
    await new Promise((resolve) => { waiting.push(() => resolve(undefined)); });
    return sets()(request);
  };
  const { actions } = page();
  actions.pressOption('faces');
  actions.pressOption('objects');
  await answered();
  assert.deepEqual(asked.map(({ body }) => body.option), ['faces'], 'the second waits for the answer to the first');
  waiting.shift()?.();
  await answered();
  assert.deepEqual(asked.map(({ body }) => body.option), ['faces', 'objects']);
});

test('object settings that the hub refuses for one camera go back there alone', async () => {
  hub = ({ path, body }) => (path.endsWith('yard')
    ? { status: 409, message: 'It is gone.' }
    : camera({ id: 'hall', name: 'Hall', ...body }));
  const { store, actions } = page();
  const old = store.view().cameras[1].objects;
  await assert.rejects(actions.setObjects(['hall', 'yard'], { min_score: 0.7 }), { message: 'Yard: It is gone.' });
  assert.deepEqual(store.view().cameras.map(({ objects }) => objects.min_score), [0.7, old.min_score]);
});

test('a name that the hub refuses is not shown, and its sentence goes to the caller', async () => {
  hub = () => ({ status: 400, message: 'This name is too long.' });
  const { store, actions } = page();
  await assert.rejects(actions.rename('hall', 'x'.repeat(99)), { message: 'This name is too long.' });
  assert.equal(store.view().cameras[0].name, 'Hall');
});

test('what goes with a forgotten camera is said, and of which an agent may ask again', () => {
  const [agent, own] = [{ by_hub: false }, { by_hub: true }];
  assert.match(whatGoes([own]), /^Its name, .* events and clips are deleted, kept ones too\.$/);
  assert.match(whatGoes([agent]), / A running agent asks for approval again\.$/);
  assert.match(whatGoes([own, own]), /^Their names, .* kept ones too\.$/);
  assert.match(whatGoes([agent, own]), / A running agent asks for approval again\.$/);
  assert.match(whatGoes([agent, agent]), / Running agents ask for approval again\.$/);
});
