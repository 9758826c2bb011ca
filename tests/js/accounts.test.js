// lib/accountwords.js: accounts, sessions and tokens in words, and what a form can tell.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as words from '../../static/js/lib/accountwords.js';

const CAMERAS = ['Door', 'Hall', 'Yard', 'Gate', 'Roof'].map((name) => ({ id: name.toLowerCase(), name }));

test('cameras are told by name, the first three where there are many', () => {
  const told = (/** @type {string[]|null} */ ids) => words.cameraWords(ids, CAMERAS);
  assert.equal(told(null), 'all cameras');
  assert.equal(told([]), 'no camera');
  assert.equal(told(['forgotten']), 'no camera');
  assert.equal(told(['yard', 'door']), 'Door, Yard');
  assert.equal(told(['door', 'hall', 'yard', 'gate']), 'Door, Hall, Yard, Gate');
  assert.equal(told(['door', 'hall', 'yard', 'gate', 'roof']), 'Door, Hall, Yard and 2 more');
});

test('a token may at most what its maker may', () => {
  const names = (/** @type {words.RoleName} */ role) => words.rolesUpTo(role).map(({ name }) => name);
  assert.deepEqual(names('viewer'), ['viewer']);
  assert.deepEqual(names('operator'), ['viewer', 'operator']);
  assert.deepEqual(names('admin'), ['viewer', 'operator', 'admin']);
});

test('only what differs is sent', () => {
  /** @type {words.Rights} */
  const old = { role: 'viewer', cameras: ['door', 'hall'] };
  assert.deepEqual(words.changesOf(old, { role: 'viewer', cameras: ['hall', 'door'] }), {});
  assert.deepEqual(words.changesOf(old, { role: 'operator', cameras: ['hall', 'door'] }), { role: 'operator' });
  assert.deepEqual(words.changesOf(old, { role: 'viewer', cameras: ['hall'] }), { cameras: ['hall'] });
  assert.deepEqual(words.changesOf(old, { role: 'viewer', cameras: null }), { cameras: null });
  assert.deepEqual(words.changesOf(old, { role: 'admin' }), { role: 'admin' });
  const all = words.changesOf({ role: 'admin', cameras: null }, { role: 'viewer', cameras: ['door'] });
  assert.deepEqual(all, { role: 'viewer', cameras: ['door'] });
});

test('a name and a password that cannot be are told before they are sent', () => {
  assert.equal(words.nameFlaw('anna.b-2@home_1'), '');
  const impossible = ['', 'ann a', '.anna', 'änna', 'a'.repeat(41), 'anna\n'];
  for (const name of impossible) assert.notEqual(words.nameFlaw(name), '');
  assert.equal(words.passwordFlaw('12345678'), '', 'whether others would try it is for the hub to say');
  for (const password of ['', '1234567', '😀😀😀😀']) assert.notEqual(words.passwordFlaw(password), '');
});

test('a browser is told by its name and system, another program by its own word', () => {
  const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';
  const known = {
    'Firefox on Windows': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'Chrome on Linux': `Mozilla/5.0 (X11; Linux x86_64) ${webkit} Chrome/140.0.0.0 Safari/537.36`,
    'Chrome on Android': `Mozilla/5.0 (Linux; Android 15) ${webkit} Chrome/140.0.0.0 Mobile Safari/537.36`,
    'Edge on Windows': `Mozilla/5.0 (Windows NT 10.0) ${webkit} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`,
    'Safari on iOS': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1',
    'Safari on macOS': 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15',
    'python-requests': 'python-requests/2.32.0',
    'An unknown program': '',
  };
  for (const [told, agent] of Object.entries(known)) assert.equal(words.browserWords(agent), told);
});

test('a change is told with the names of cameras, and of an account', () => {
  /** @type {import('../../static/js/lib/types.js').AuditEntry} */
  const entry = {
    id: '7', at: 0, action: 'changed', kind: 'account', subject: 'bob', person: null, other: null, by: 'anna',
    via: 'session 3', address: '10.0.0.7', detail: 'operator; cameras door, hall',
  };
  const told = words.accountChange(entry, { cameras: CAMERAS });
  assert.equal(told.what, 'account bob');
  const who = ['by anna', 'with session 3', 'from 10.0.0.7'];
  assert.deepEqual(told.parts, ['changed', 'operator; cameras Door, Hall', ...who]);
  const camera = words.accountChange({ ...entry, kind: 'camera', subject: 'yard', via: '' }, { cameras: CAMERAS });
  assert.deepEqual([camera.what, camera.parts[3]], ['camera Yard', '']);
  assert.equal(words.accountChange({ ...entry, kind: 'agent-token' }, { cameras: [] }).what, 'agent token');
  assert.equal(words.accountChange({ ...entry, kind: 'camera' }, { cameras: [] }).what, 'camera that is gone');
});

test('the line for home automation has the token as the password of Basic, below the path of a proxy too', () => {
  const hub = { origin: 'https://cams.example:8443', root: '/cams' };
  const line = words.streamLine(hub, '0a/b', 'cc_x-Y_1');
  assert.equal(line, 'https://token:cc_x-Y_1@cams.example:8443/cams/api/v1/cameras/0a%2Fb/stream.mjpg');
  assert.equal(new URL(line).password, 'cc_x-Y_1');
});
