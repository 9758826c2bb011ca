// lib/options.js: what the page makes of the options that the hub offers, and of the engine's status.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as options from '../../static/js/lib/options.js';
import { OPTIONS, camera, engine, model } from './samples.js';

const [FACES, LANDMARKS, RECOGNITION, OBJECTS, PEOPLE] = OPTIONS;
const FAILED = model({ task: 'landmarks', state: 'failed', reason: 'the file is damaged' });

/**
 * @param {Partial<import('../../static/js/lib/views.js').View>} fields
 * @returns {import('../../static/js/lib/views.js').View}
 */
const view = (fields) => ({
  link: 'live', cameras: [], inView: [], chosen: [], pending: [], status: null, options: [], selected: new Set(),
  onlySelected: false, opened: null, enlarged: null, asideHidden: false, aligned: true, holdBack_s: 1.5, views: null,
  viewName: null, columns: null, shape: null, layers: { boxes: true, points: true, names: true }, ...fields,
});

test('an option has its own icon, and one that is new has a common one', () => {
  const icons = options.offered([FACES, { ...FACES, name: 'cars' }]).map(({ icon }) => icon);
  assert.deepEqual(icons, ['faces', 'option']);
});

test('what is on for a camera says which fields of a result are filled', () => {
  const hall = camera({ options: ['landmarks', 'recognition', 'people'] });
  assert.deepEqual(options.optionsOn(OPTIONS, hall), [LANDMARKS, RECOGNITION, PEOPLE]);
  assert.deepEqual(options.fieldsOf(options.optionsOn(OPTIONS, hall)), ['faces', 'people']);
  assert.equal(options.isAsked(OPTIONS, hall, 'faces'), true);
  assert.equal(options.isAsked(OPTIONS, hall, 'objects'), false);
});

test('only an option that identifies tells who is before a camera', () => {
  assert.equal(options.isIdentifying(OPTIONS, camera({ options: ['recognition'] })), true);
  assert.equal(options.isIdentifying(OPTIONS, camera({ options: ['faces', 'landmarks', 'objects'] })), false);
});

test('a camera that is not known has nothing on', () => {
  assert.deepEqual(options.optionsOn(OPTIONS, undefined), []);
});

test('a button is on, off, or on for some of those selected', () => {
  const on = camera({ options: ['faces'] });
  const off = camera({ options: ['objects'] });
  assert.equal(options.pressed([on, on], 'faces'), 'true');
  assert.equal(options.pressed([off], 'faces'), 'false');
  assert.equal(options.pressed([on, off], 'faces'), 'mixed');
  assert.equal(options.pressed([], 'faces'), 'false');
});

test('why a model does not work is said by the engine', () => {
  const status = engine({ models: [model({}), FAILED] });
  assert.equal(options.failure(status, LANDMARKS.tasks), 'the file is damaged');
  assert.equal(options.failure(status, FACES.tasks), '');
  assert.equal(options.failure(null, LANDMARKS.tasks), '');
});

test('a tooltip names the model, its precision, the device and why it is not a faster one', () => {
  const slow = model({ task: 'objects', model: 'ssd-mobilenet-v2', precision: 'fp32', precision_reason: 'no VNNI' });
  const status = engine({ models: [slow] });
  assert.equal(options.optionHint(status, OBJECTS), 'Object Detection\nSSD MobileNet V2 · fp32 · CPU: no VNNI');
});

test('a tooltip says what failed, and is the label alone while nothing is known', () => {
  assert.equal(options.optionHint(engine({ models: [FAILED] }), LANDMARKS), 'Face Landmarks\nthe file is damaged');
  assert.equal(options.optionHint(null, LANDMARKS), 'Face Landmarks');
  const loading = model({ state: 'starting', model: null });
  assert.equal(options.optionHint(engine({ models: [loading] }), FACES), 'Face Detection');
});

test('a model that the page has no name for is called as it is', () => {
  const status = engine({ models: [model({ model: 'mine-v3' })] });
  assert.equal(options.optionHint(status, FACES), 'Face Detection\nmine-v3 · CPU');
});

test('the small print says for how many it is on, at what rate, with which model', () => {
  const [hall, yard] = [camera({ id: 'hall', options: ['faces'] }), camera({ id: 'yard' })];
  const status = engine({ models: [model({})], analysed_fps: { faces: 8 }, wanted_fps: { faces: 25 } });
  const now = view({ cameras: [hall, yard], status });
  assert.equal(options.smallPrint(now, [hall, yard], FACES), 'on for 1 of 2\n8 of 25 a second\nCenterFace');
  assert.equal(options.smallPrint(now, [hall], FACES), '8 of 25 a second\nCenterFace');
  assert.equal(options.smallPrint(now, [yard], FACES), 'on for 1 not selected\n8 of 25 a second\nCenterFace');
  assert.equal(options.smallPrint(now, [], FACES), 'on for 1\n8 of 25 a second\nCenterFace');
});

test('the small print is empty where nothing is on, and never empty where something is', () => {
  const hall = camera({ options: ['faces'] });
  assert.equal(options.smallPrint(view({ cameras: [camera()] }), [], FACES), '');
  assert.equal(options.smallPrint(view({ cameras: [hall] }), [hall], FACES), 'on');
});

test('what does not work says so instead of a rate', () => {
  const hall = camera({ options: ['landmarks'] });
  /** @param {Partial<import('../../static/js/lib/types.js').EngineStatusView>} fields */
  const told = (fields) => {
    const status = engine({ analysed_fps: { landmarks: 8 }, wanted_fps: { landmarks: 8 }, ...fields });
    return options.smallPrint(view({ cameras: [hall], status }), [hall], LANDMARKS);
  };
  assert.equal(told({ engine: 'failed' }), 'not working');
  assert.equal(told({ engine: 'starting' }), 'starting');
  assert.equal(told({ models: [FAILED] }), 'not working: the file is damaged');
  assert.equal(told({ models: [model({ state: 'starting' })] }), 'starting');
});

test('the header names the device and the fastest rate', () => {
  assert.equal(options.engineText(engine({ analysed_fps: { faces: 8.2, objects: 3 } })), 'CPU · 8/s');
  assert.equal(options.engineText(engine({})), 'CPU');
  assert.equal(options.engineText(engine({ engine: 'off' })), '');
  assert.equal(options.engineText(null), '');
});

test('the header says why it is not a GPU, or why nothing works', () => {
  assert.equal(options.engineHint(engine({ device_reason: 'no driver' })), 'Not on a GPU: no driver');
  assert.equal(options.engineHint(engine({ device: 'GPU', device_reason: 'a kernel differs' })), 'a kernel differs');
  assert.equal(options.engineHint(engine({ engine: 'failed', engine_reason: 'no memory' })), 'no memory');
  assert.equal(options.engineHint(engine({})), '');
  assert.equal(options.engineHint(null), '');
});
