// Figures of the page System, as people say them. Pure.

import { count, rate } from './format.js';
import { failure, has, modelOf, modelText } from './options.js';

/** "312 MB", "1.4 GB" @param {number} bytes */
export function size(bytes) {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** "12 %", "140 %": of one core @param {number} percent */
export const share = (percent) => `${percent > 0 && percent < 1 ? '<1' : Math.round(percent)} %`;

/**
 * What a process is called: "hub", "engine", or "worker of Front door".
 * @param {import('./types.js').ProcessUsage} process @param {import('./types.js').CameraView[]} cameras
 */
export function processName({ name, camera }, cameras) {
  const found = cameras.find(({ id }) => id === camera);
  return camera === null ? name : `${name === 'agent' ? name : 'worker'} of ${found?.name ?? camera}`;
}

/**
 * For each option that is on: how many cameras, and the rates that are asked for and given.
 * @param {import('./types.js').EngineStatusView|null} status
 * @param {import('./types.js').Option[]} options @param {import('./types.js').CameraView[]} cameras
 * @returns {string[][]}  label, cameras, asked and given of all together, model or why it does not work
 */
export function rateRows(status, options, cameras) {
  return options.flatMap((option) => {
    const { name, label, tasks } = option;
    const on = cameras.filter((camera) => has(camera, name)).length;
    if (on === 0) return [];
    const { [name]: wanted } = status?.wanted_fps ?? {};
    const { [name]: given } = status?.analysed_fps ?? {};
    /** @param {number|undefined} value */
    const words = (value) => (value === undefined ? '–' : rate(value));
    const model = modelText(status, option);
    const told = failure(status, tasks) || (model && `${model} · ${modelOf(status, name)?.device}`);
    return [[label, count(on, 'camera', 'cameras'), words(wanted), words(given), told]];
  });
}

/**
 * Frames received, and given up by hop.
 * @param {import('./types.js').CameraView[]} cameras
 * @returns {string[][]}  name, frames a second, agent, worker, viewers, events
 */
export const dropRows = (cameras) => cameras.map(({ name, dropped, received_fps: received, fps }) => [
  name, `${rate(received)} of ${fps ? rate(fps) : '–'}`,
  ...[dropped.agent, dropped.worker, dropped.viewers, dropped.events].map(String),
]);
