// The AI options, as the hub's `hello` describes them. convergecast/options.py alone defines an option's name, what it
// needs and what it brings; this module turns that into buttons and words.

import { rate } from './format.js';
import { ICONS } from './icons.js';

/** @typedef {import('./types.js').Option} Option */
/** @typedef {import('./types.js').CameraView} CameraView */
/** @typedef {import('./types.js').EngineStatusView} EngineStatusView */

/** In the hub's order. An option without an icon of its own gets a common one. @param {Option[]} list */
export const offered = (list) => (
  list.map((option) => ({ ...option, icon: option.name in ICONS ? option.name : 'option' }))
);

/**
 * @param {Option[]} options that there are @param {Pick<CameraView, 'options'>|undefined} camera
 * @returns {Option[]} those that are on
 */
export const optionsOn = (options, camera) => (
  options.filter(({ name }) => has(camera, name))
);

/** @param {Pick<CameraView, 'options'>|undefined} camera @param {string} name of an option */
export const has = (camera, name) => camera?.options?.some((option) => option === name) ?? false;

/** What a result may hold, in the order of the options: "faces", "objects", … @param {Option[]} options */
export const fieldsOf = (options) => [...new Set(options.map(({ brings }) => brings))];

/**
 * Whether a field of results is filled for a camera now.
 * @param {Option[]} options @param {Pick<CameraView, 'options'>|undefined} camera @param {Option['brings']} field
 */
export const isAsked = (options, camera, field) => fieldsOf(optionsOn(options, camera)).includes(field);

/**
 * Whether the people before a camera are recognised.
 * @param {Option[]} options @param {Pick<CameraView, 'options'>|undefined} camera
 */
export const isIdentifying = (options, camera) => optionsOn(options, camera).some(({ identifies }) => identifies);

/** @param {CameraView[]} cameras @param {string} name @returns {'true'|'mixed'|'false'} as aria-pressed says it */
export function pressed(cameras, name) {
  const on = cameras.filter((camera) => has(camera, name)).length;
  if (on === 0) return 'false';
  return on === cameras.length ? 'true' : 'mixed';
}

/** @type {Object<string, string>} */
const MODEL_NAMES = {
  centerface: 'CenterFace',
  yunet: 'YuNet',
  haar: 'Haar cascade',
  hog: 'HOG',
  'ssd-mobilenet-v2': 'SSD MobileNet V2',
  'landmarks-68': '68 points',
  'landmarks-5': '5 points',
  'face-mesh': 'face mesh',
  'embedding-dlib-resnet': 'dlib ResNet',
  'dlib-resnet': 'dlib ResNet',
};

/** @param {EngineStatusView|null} status @param {string} task */
export const modelOf = (status, task) => status?.models?.find((model) => model.task === task);

/**
 * Why one of these models does not work, in the engine's words. Empty while all work, or the engine has not said.
 * @param {EngineStatusView|null} status @param {string[]} tasks
 */
export function failure(status, tasks) {
  const models = tasks.map((task) => modelOf(status, task));
  return models.find((model) => model?.state === 'failed')?.reason ?? '';
}

/**
 * "SSD MobileNet V2 · int8". Empty while it is not loaded, or if an option has no model of its own.
 * @param {EngineStatusView|null} status @param {Option} option
 */
export function modelText(status, { name }) {
  const model = modelOf(status, name);
  if (!model?.model || model.state !== 'ready') return '';
  return [MODEL_NAMES[model.model] ?? model.model, model.precision].filter(Boolean).join(' · ');
}

/**
 * For the tooltip of a button: what it does, with which model, on which device and why.
 * @param {EngineStatusView|null} status @param {Option} option
 */
export function optionHint(status, option) {
  const { name, label, tasks } = option;
  const text = modelText(status, option);
  const model = modelOf(status, name);
  if (failure(status, tasks) || !model || !text) return [label, failure(status, tasks)].filter(Boolean).join('\n');
  const why = [model.precision_reason, model.reason].filter(Boolean).join('; ');
  return `${label}\n${text} · ${model.device}${why ? `: ${why}` : ''}`;
}

/**
 * For how many of the selected cameras an option is on; on further lines its rate, "8 of 25 a second", and its model,
 * or why it does not work.
 * @param {import('./views.js').View} view
 * @param {CameraView[]} chosen
 * @param {Option} option
 */
export function smallPrint(view, chosen, option) {
  /** @param {CameraView} camera */
  const isOn = (camera) => has(camera, option.name);
  const everywhere = view.cameras.filter(isOn).length;
  if (everywhere === 0) return '';
  const here = chosen.filter(isOn).length;
  const mixed = here > 0 && here < chosen.length ? `on for ${here} of ${chosen.length}` : '';
  const elsewhere = here === 0 ? `on for ${everywhere}${chosen.length ? ' not selected' : ''}` : '';
  const lines = [mixed || elsewhere, cost(view.status, option), modelText(view.status, option)].filter(Boolean);
  return lines.join('\n') || 'on';
}

/**
 * "8 of 25 a second", or why it does not work.
 * @param {EngineStatusView|null} status @param {Option} option
 */
export function cost(status, { name, tasks }) {
  if (status?.engine === 'failed') return 'not working';
  if (status?.engine === 'starting') return 'starting';
  if (failure(status, tasks)) return `not working: ${failure(status, tasks)}`;
  if (tasks.some((task) => modelOf(status, task)?.state === 'starting')) return 'starting';
  const done = status?.analysed_fps?.[name];
  const wanted = status?.wanted_fps?.[name];
  if (done === undefined || wanted === undefined) return '';
  return `${rate(done)} of ${rate(wanted)} a second`;
}

/** "CPU · 8/s". Empty while the engine is off. @param {EngineStatusView|null|undefined} status */
export function engineText(status) {
  if (!status || status.engine === 'off') return '';
  if (status.engine === 'starting') return 'analysis starting';
  if (status.engine === 'failed') return 'analysis not working';
  const rates = Object.values(status.analysed_fps ?? {});
  return [status.device, rates.length ? `${rate(Math.max(...rates))}/s` : ''].filter(Boolean).join(' · ');
}

/** Why nothing works, or why not on a GPU. @param {EngineStatusView|null|undefined} status */
export function engineHint(status) {
  if (!status) return '';
  if (status.engine === 'failed') return status.engine_reason ?? '';
  if (status.device === 'GPU') return status.device_reason ?? '';
  return status.device_reason ? `Not on a GPU: ${status.device_reason}` : '';
}
