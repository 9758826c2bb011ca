// lib/eventbook.js and lib/forgetting.js: what is deleted stays away until the hub has answered, or it is undone.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

import { createEventBook } from '../../static/js/lib/eventbook.js';
import { createForgetting } from '../../static/js/lib/forgetting.js';

/** @type {string[]} */
let asked = [];
/** @type {Map<string, (response: Response) => void>} */
let answers = new Map();
/** @type {(string|null)[]} */
let offers = [];
const page = new EventTarget();
const settled = () => new Promise((done) => { setImmediate(done); });
const offer = (/** @type {string|null} */ text) => { offers.push(text); };

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  Object.assign(globalThis, { window: page });
  [asked, offers, answers] = [[], [], new Map()];
  mock.method(globalThis, 'fetch', (/** @type {string} */ path, /** @type {RequestInit} */ { method, keepalive }) => {
    if (method === 'GET') return Promise.resolve(Response.json({ events: ['1', '2', '3'].map((id) => ({ id })) }));
    const id = path.split('/').at(-1) ?? '';
    asked.push(keepalive ? `${id} late` : id);
    return new Promise((done) => { answers.set(id, done); });
  });
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
  Reflect.deleteProperty(globalThis, 'window');
});

/** The page Events with three events. */
async function events() {
  const book = createEventBook({ onChange() {}, offer });
  await book.refresh();
  const [one, two] = book.state().events;
  return { book, one, two, shown: () => book.state().events.map(({ id }) => id).join('') };
}

/** @param {string} id @param {Response} response */
async function answer(id, response) {
  answers.get(id)?.(response);
  await settled();
}

test('a deleted event stays away while the hub has not answered, whatever is deleted next', async () => {
  const { book, one, two, shown } = await events();
  book.remove(one);
  assert.equal(shown(), '23');
  book.remove(two);
  await settled();
  assert.equal(shown(), '3', 'the hub is being asked for the first');
  assert.deepEqual(asked, ['1']);
  mock.timers.tick(8000);
  await book.refresh();
  assert.equal(shown(), '3', 'the hub is being asked for both');
  await answer('1', new Response(null, { status: 204 }));
  await answer('2', new Response(null, { status: 204 }));
  assert.equal(shown(), '3');
  assert.deepEqual([asked, offers.at(-1)], [['1', '2'], null]);
});

test('what is undone, or refused, is shown again', async () => {
  const { book, one, shown } = await events();
  book.remove(one);
  book.undo();
  mock.timers.tick(20_000);
  assert.deepEqual([shown(), asked, offers.at(-1)], ['123', [], null]);
  book.remove(one);
  book.finish();
  await answer('1', Response.json({ message: 'The disk is full.' }, { status: 507 }));
  assert.deepEqual([shown(), book.state().trouble], ['123', 'The disk is full.']);
});

test('whoever closes the page has not undone it, and it is asked for once', async () => {
  const { book, one } = await events();
  book.remove(one);
  page.dispatchEvent(new Event('pagehide'));
  mock.timers.tick(20_000);
  page.dispatchEvent(new Event('pagehide'));
  assert.deepEqual(asked, ['1 late']);
});

test('cameras are forgotten one after the other, and one that is refused comes back', async () => {
  const forgotten = new Set();
  /** @type {string[]} */
  const said = [];
  /** @type {any} */
  const store = {
    setForgotten: (/** @type {string} */ id, /** @type {boolean} */ on) => forgotten[on ? 'add' : 'delete'](id),
    gone: (/** @type {string} */ id) => forgotten.delete(id),
  };
  const forgetting = createForgetting({ store, say: (sentence) => { said.push(sentence); }, offer });
  forgetting.begin([{ id: 'a', name: 'Hall' }, { id: 'b', name: 'Yard' }]);
  assert.deepEqual([[...forgotten], offers.at(-1)], [['a', 'b'], '2 cameras are forgotten.']);
  mock.timers.tick(10_000);
  await settled();
  assert.deepEqual([asked, [...forgotten]], [['a'], ['a', 'b']]);
  await answer('a', Response.json({ message: 'No.' }, { status: 403 }));
  await answer('b', new Response(null, { status: 204 }));
  assert.deepEqual([asked, [...forgotten], said], [['a', 'b'], [], ['No.']]);
});
