// lib/gallery.js: what the page Faces knows after a change.

import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { createGallery } from '../../static/js/lib/gallery.js';

afterEach(() => mock.restoreAll());

test('who has changed something sees it, also where a later request has overtaken the answers', async () => {
  /** @type {(() => void)[]} lists of people that the hub has yet to answer with */
  const waiting = [];
  mock.method(globalThis, 'fetch', async (/** @type {string} */ path, /** @type {RequestInit} */ { method }) => {
    if (path === '/api/v1/people' && method === 'GET') {
      await new Promise((answer) => { waiting.push(() => answer(null)); });
    }
    const anna = { id: 'p1', name: 'Anna', pictures: [] };
    return Response.json({ people: [anna], faces: [], sightings: [], genuine: [], impostor: [] });
  });
  const gallery = createGallery({ now: () => 1000, onChange() {} });
  let done = false;
  const added = gallery.addPerson(new FormData()).then(() => { done = true; });
  while (waiting.length < 1) await setImmediate();
  const later = gallery.refresh();
  while (waiting.length < 2) await setImmediate();
  waiting[0]?.();
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  assert.equal(done, false, 'the page does not show the person yet');
  waiting[1]?.();
  await Promise.all([added, later]);
  assert.deepEqual(gallery.state().people?.map(({ name }) => name), ['Anna']);
});

test('only looks that are known are listed with a person, and it is said where there may be more', async () => {
  const asked = /** @type {string[]} */ ([]);
  const event = { clip: { frames: 1 } };
  let events = [event, { clip: null }];
  mock.method(globalThis, 'fetch', async (/** @type {string} */ path) => {
    asked.push(path);
    return Response.json({ events });
  });
  const gallery = createGallery({ now: () => 1000, onChange() {} });
  assert.deepEqual(await gallery.clipsOf('p1'), { clips: [event], isAll: true });
  assert.equal(new URL(asked[0] ?? '', 'http://hub').searchParams.get('subkind'), 'known');
  events = Array.from({ length: 500 }, () => event);
  assert.equal((await gallery.clipsOf('p1')).isAll, false);
});
