// What a page leaves out for whom.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { isAdmin, mayOperate, userName } from '../../static/js/lib/rights.js';
import { tileMenu } from '../../static/js/widgets/tilemenu.js';

/** @param {Object<string, string>} dataset */
const pageOf = (dataset) => Object.assign(globalThis, { document: { body: { dataset } } });

afterEach(() => Reflect.deleteProperty(globalThis, 'document'));

test('each role may what those before it may', () => {
  const rights = ['viewer', 'operator', 'admin', ''].map((role) => {
    pageOf({ role });
    return [mayOperate(), isAdmin()];
  });
  assert.deepEqual(rights, [[false, false], [true, false], [true, true], [true, true]]);
});

test('the name is the account’s', () => {
  assert.equal(userName(), '');
  pageOf({ user: 'anna' });
  assert.equal(userName(), 'anna');
});

test('a tile offers what its viewer may', () => {
  const parts = /** @type {any} */ ({ camera: { id: 'a' }, options: [{ min_scores: [0, 1] }], actions: {} });
  const offered = ['viewer', 'operator', 'admin'].map((role) => {
    pageOf({ role });
    return tileMenu(parts).map(({ name }) => name);
  });
  const [look, places, pictures] = [['enlarge', 'full-screen'], ['earlier', 'later'], ['snapshot', 'annotated']];
  assert.deepEqual(offered[0], [...look, ...places, ...pictures]);
  assert.deepEqual(offered[1], [...look, 'rename', 'objects', 'zones', ...places, ...pictures]);
  assert.deepEqual(offered[2], [...look, 'rename', 'objects', 'zones', ...places, ...pictures, 'forget']);
});
