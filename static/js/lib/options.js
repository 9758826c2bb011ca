// @ts-nocheck
// What can be looked for, as the hub's `hello` tells of it: what an option is called, needs and brings stands in
// convergecast/options.py alone. Here is what the page makes of it.

import { rate } from './format.js';
import { ICONS } from './icons.js';

/** In the hub's order; one that has no icon of its own yet gets a button all the same. @param {import('./types.js').Option[]} list */
export const offered = (list) => list.map((option) => ({ ...option, icon: option.name in ICONS ? option.name : 'option' }));

/** @returns {import('./types.js').Option[]} those that are on */
export const optionsOn = (options, camera) => options.filter(({ name }) => camera?.options?.includes(name));

/** What a result may hold, in the order of the options: "faces", "objects", … */
export const fieldsOf = (options) => [...new Set(options.map(({ brings }) => brings))];

/** Whether a field of results is filled for a camera now. */
export const isAsked = (options, camera, field) => fieldsOf(optionsOn(options, camera)).includes(field);

/** Whether it is told who is before a camera. */
export const isIdentifying = (options, camera) => optionsOn(options, camera).some(({ identifies }) => identifies);

/** @returns {'true'|'mixed'|'false'} as aria-pressed says it */
export function pressed(cameras, name) {
  const on = cameras.filter((camera) => camera.options?.includes(name)).length;
  if (on === 0) return 'false';
  return on === cameras.length ? 'true' : 'mixed';
}

const MODEL_NAMES = {
  centerface: 'CenterFace', yunet: 'YuNet', haar: 'Haar cascade', hog: 'HOG', 'ssd-mobilenet-v2': 'SSD MobileNet V2', 'landmarks-68': '68 points', 'landmarks-5': '5 points',
  'embedding-dlib-resnet': 'dlib ResNet', 'dlib-resnet': 'dlib ResNet',
};

const modelOf = (status, task) => status?.models?.find((model) => model.task === task);

/** Why one of these models does not work, in the engine's words; empty while all do, or nobody knows. @param {string[]} tasks */
export function failure(status, tasks) {
  const models = tasks.map((task) => modelOf(status, task));
  return models.find((model) => model?.state === 'failed')?.reason ?? '';
}

/** "SSD MobileNet V2 · int8"; empty while it is not loaded, or an option has no model of its own, which is called as it is. */
function modelText(status, { name }) {
  const model = modelOf(status, name);
  if (!model?.model || model.state !== 'ready') return '';
  return [MODEL_NAMES[model.model] ?? model.model, model.precision].filter(Boolean).join(' · ');
}

/** What a button does, and with what, where and why so: for its tooltip. */
export function optionHint(status, option) {
  const { name, label, tasks } = option;
  const text = modelText(status, option);
  if (failure(status, tasks) || !text) return [label, failure(status, tasks)].filter(Boolean).join('\n');
  const { device, reason, precision_reason } = modelOf(status, name);
  const why = [precision_reason, reason].filter(Boolean).join('; ');
  return `${label}\n${text} · ${device}${why ? `: ${why}` : ''}`;
}

/**
 * For how many of the selected an option is on, and on lines of their own what it costs now, "8 of 25 a second", and which
 * model works on it; or why it does not.
 * @param {import('./views.js').View} view
 * @param {import('./types.js').CameraView[]} chosen
 * @param {import('./types.js').Option} option
 */
export function smallPrint(view, chosen, option) {
  const isOn = (camera) => camera.options?.includes(option.name);
  const everywhere = view.cameras.filter(isOn).length;
  if (everywhere === 0) return '';
  const here = chosen.filter(isOn).length;
  const mixed = here > 0 && here < chosen.length ? `on for ${here} of ${chosen.length}` : '';
  const elsewhere = here === 0 ? `on for ${everywhere}${chosen.length ? ' not selected' : ''}` : '';
  return [mixed || elsewhere, cost(view.status, option), modelText(view.status, option)].filter(Boolean).join('\n') || 'on';
}

function cost(status, { name, tasks }) {
  if (status?.engine === 'failed') return 'not working';
  if (status?.engine === 'starting') return 'starting';
  if (failure(status, tasks)) return `not working: ${failure(status, tasks)}`;
  if (tasks.some((task) => modelOf(status, task)?.state === 'starting')) return 'starting';
  const done = status?.analysed_fps?.[name];
  const wanted = status?.wanted_fps?.[name];
  if (done === undefined || wanted === undefined) return '';
  return `${rate(done)} of ${rate(wanted)} a second`;
}

/** "CPU · 8/s"; nothing while nothing is analysed. @param {import('./types.js').EngineStatusView|null} status */
export function engineText(status) {
  if (!status || status.engine === 'off') return '';
  if (status.engine === 'starting') return 'analysis starting';
  if (status.engine === 'failed') return 'analysis not working';
  const rates = Object.values(status.analysed_fps ?? {});
  return [status.device, rates.length ? `${rate(Math.max(...rates))}/s` : ''].filter(Boolean).join(' · ');
}

export function engineHint(status) {
  if (!status) return '';
  if (status.engine === 'failed') return status.engine_reason ?? '';
  return status.device_reason ? `Not on a GPU: ${status.device_reason}` : '';
}
