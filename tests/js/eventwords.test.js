import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventFacts, eventTitle, eventWhen } from '../../static/js/lib/eventwords.js';

const NOW = new Date(2026, 10, 28, 14, 30).getTime() / 1000;
/** @type {any} */
const SEEN = {
  id: '1', camera: 'c', camera_name: 'Hall', kind: 'seen', subkind: null, label: 'person', person: null, track_id: 3,
  severity: 'note', started_at: NOW - 600, ended_at: NOW - 588, peak_at: null, score: 0.81, reason: null, picture: null,
  zones: [], crossings: [], kept: false, clip: null, clip_reason: null,
};

test('what happened is said in a few words', () => {
  const crossings = [{ line: 'd', name: 'Door', direction: 'in', at: NOW }];
  const anna = { id: 'a', name: 'Anna', distance: 0.3 };
  /** @type {[any, string][]} */
  const cases = [
    [SEEN, 'Person'],
    [{ ...SEEN, kind: 'crossing', subkind: 'in', crossings }, 'Person crossed Door: in'],
    [{ ...SEEN, kind: 'face', subkind: 'unknown', label: null }, 'Unknown face'],
    [{ ...SEEN, kind: 'face', subkind: 'known', label: null, person: anna }, 'Anna'],
    [{ ...SEEN, kind: 'face', subkind: 'known', label: null }, 'Known face'],
    [{ ...SEEN, kind: 'face', subkind: 'perhaps', label: null }, 'Perhaps a known face'],
    [{ ...SEEN, kind: 'face', subkind: 'perhaps', label: null, person: anna }, 'Perhaps Anna'],
    [{ ...SEEN, kind: 'camera', subkind: 'offline', label: null }, 'Camera offline'],
    [{ ...SEEN, kind: 'system', subkind: 'disk', label: null, reason: 'The disk is full.' }, 'The disk is full.'],
    [{ ...SEEN, kind: 'later', subkind: 'kind', label: null }, 'Later kind'],
  ];
  for (const [event, words] of cases) assert.equal(eventTitle(event), words);
});

test('when it was, and how long', () => {
  assert.equal(eventWhen(SEEN, NOW), 'Hall · 14:20 · 12 s');
  assert.equal(eventWhen({ ...SEEN, ended_at: null }, NOW), 'Hall · 14:20 · now');
  assert.equal(eventWhen({ ...SEEN, camera_name: null, ended_at: NOW - 600 }, NOW), 'a camera that is gone · 14:20');
});

test('what else is known', () => {
  const zones = [{ id: 'z', name: 'Yard', entered_at: NOW - 600, left_at: NOW - 595 }];
  assert.deepEqual(eventFacts({ ...SEEN, zones }, NOW), ['in Yard from 14:20:00, for 5 s', 'score 0.81']);
});
