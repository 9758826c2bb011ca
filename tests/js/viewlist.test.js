// lib/viewlist.js and lib/address.js: views, and the addresses of what is shown.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addressOf, placeOf } from '../../static/js/lib/address.js';
import * as list from '../../static/js/lib/viewlist.js';
import { camera } from './samples.js';

/** @param {Partial<import('../../static/js/lib/types.js').ViewShown>} fields */
const view = (fields) => ({
  name: 'Gates', cameras: ['b', 'a'], columns: null, shape: null, shared: false, own: true, ...fields,
});
const CAMERAS = ['a', 'b', 'c'].map((id) => camera({ id }));
const ids = (/** @type {ReturnType<typeof camera>[]} */ cameras) => cameras.map(({ id }) => id).join('');

test('a view has its cameras in its order; the page of all has every camera, those it knows first', () => {
  assert.equal(ids(list.camerasOf(CAMERAS, [view({})], 'Gates')), 'ba');
  assert.equal(ids(list.camerasOf(CAMERAS, [view({ name: list.ALL, cameras: ['c'] })], null)), 'cab');
  assert.equal(ids(list.camerasOf(CAMERAS, [], null)), 'abc');
  assert.equal(ids(list.camerasOf(CAMERAS, [], 'Gone')), '');
});

test('another account’s view of the same name does not arrange the page of all', () => {
  const shared = view({ name: list.ALL, cameras: ['c'], shared: true, own: false });
  assert.equal(ids(list.camerasOf(CAMERAS, [shared], null)), 'abc');
  assert.deepEqual(list.namedViews([shared, view({ name: list.ALL })]), [shared]);
});

test('a change is one of the view, and makes it where there is none', () => {
  const views = [view({}), view({ name: 'Halls' })];
  const [gates, halls] = list.withView(views, 'Gates', { columns: 3 }, []);
  assert.deepEqual([gates.columns, gates.cameras, halls.columns], [3, ['b', 'a'], null]);
  const [, , all] = list.withView(views, null, { shape: 1 }, ['c', 'a']);
  assert.deepEqual(all, view({ name: list.ALL, cameras: ['c', 'a'], shape: 1 }));
  const many = Array.from({ length: 300 }, (_, index) => String(index));
  assert.equal(list.withView([], 'Many', {}, many)[0].cameras.length, 256, 'which is what the hub takes');
});

test('a view has a name that none of the account’s has', () => {
  const views = [view({}), view({ name: 'Theirs', own: false })];
  assert.equal(list.nameProblem(views, ''), 'Write a name.');
  assert.equal(list.nameProblem(views, 'gates'), 'There is a view called gates. Choose another name.');
  assert.notEqual(list.nameProblem([], list.ALL), '');
  assert.equal(list.nameProblem(views, 'Theirs'), '');
});

test('an address and what it shows are one', () => {
  const all = { view: null, camera: null, kiosk: null };
  for (const [place, address] of /** @type {[typeof all, string][]} */ ([
    [all, '/'],
    [{ ...all, view: 'Tor & Hof/2' }, '/view/Tor%20%26%20Hof%2F2'],
    [{ ...all, camera: 'c1' }, '/camera/c1'],
    [{ ...all, kiosk: 0 }, '/?kiosk'],
    [{ ...all, view: 'Gates', kiosk: 20 }, '/view/Gates?kiosk=20'],
  ])) {
    assert.equal(addressOf(place), address);
    const [path, query] = address.split('?');
    assert.deepEqual(placeOf(path, query), place);
  }
});

test('an address that somebody has typed does no harm', () => {
  const all = { view: null, camera: null, kiosk: null };
  assert.deepEqual(placeOf('/view/', ''), all);
  assert.deepEqual(placeOf('/view/%E0%A4%A', ''), { ...all, view: '%E0%A4%A' });
  assert.deepEqual(placeOf('/', '?kiosk=soon'), { ...all, kiosk: 0 });
  assert.deepEqual(placeOf('/', '?kiosk=1e9'), { ...all, kiosk: 3600 });
});
