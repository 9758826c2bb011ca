// lib/figures.js: the figures of the page System.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dropRows, processName, rateRows, share, size } from '../../static/js/lib/figures.js';
import { OPTIONS, camera, engine, model } from './samples.js';

test('sizes and shares are said as people say them', () => {
  assert.deepEqual([0, 52e6, 999.4e6, 1.5e9].map(size), ['0 MB', '52 MB', '999 MB', '1.5 GB']);
  assert.deepEqual([0, 0.4, 12.4, 139.6].map(share), ['0 %', '<1 %', '12 %', '140 %']);
});

test('a process is called by its camera, and by the id of one that is gone', () => {
  const process = { name: 'camera', camera: 'one', pid: 1, cpu_percent: 0, memory_bytes: 0 };
  assert.equal(processName(process, [camera()]), 'worker of Hall');
  assert.equal(processName(process, []), 'worker of one');
  assert.equal(processName({ ...process, name: 'agent' }, [camera()]), 'agent of Hall');
  assert.equal(processName({ ...process, name: 'hub', camera: null }, []), 'hub');
});

test('rates are told of options that are on: what is asked, what is given, with which model', () => {
  const status = engine({
    models: [model({ precision: 'int8', reason: 'no CUDA' })],
    wanted_fps: { faces: 41.2 }, analysed_fps: { faces: 7.4 },
  });
  const cameras = [camera({ options: ['faces'] }), camera({ id: 'two', options: ['faces', 'people'] })];
  assert.deepEqual(rateRows(status, OPTIONS, cameras), [
    ['Face Detection', '2 cameras', '41', '7', 'CenterFace · int8 · CPU'],
    ['Number of People', '1 camera', '–', '–', ''],
  ]);
  assert.deepEqual(rateRows(null, OPTIONS, [camera()]), []);
});

test('why an option gives nothing is told of each model that it needs', () => {
  const status = engine({
    models: [model({ state: 'failed', model: null, reason: 'no such file' }), model({ task: 'landmarks' })],
    wanted_fps: { landmarks: 10 }, analysed_fps: { landmarks: 0 },
  });
  assert.deepEqual(rateRows(status, OPTIONS, [camera({ options: ['landmarks'] })]), [
    ['Face Landmarks', '1 camera', '10', '0', 'no such file'],
  ]);
});

test('frames that were given up are told by hop', () => {
  const dropped = { agent: 1, worker: 2, viewers: 3, events: 0 };
  assert.deepEqual(dropRows([camera({ dropped, received_fps: 9.6 })]), [['Hall', '10 of 25', '1', '2', '3', '0']]);
});
