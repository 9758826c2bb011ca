// The one list of what can be looked for, and the words of its buttons. The hub says which of them work.

import { rate } from './format.js';

export const OPTIONS = [
  { name: 'faces', label: 'Face Detection', icon: 'faces' },
  { name: 'landmarks', label: 'Face Landmarks', icon: 'landmarks' },
  { name: 'recognition', label: 'Face Recognition', icon: 'recognition' },
  { name: 'objects', label: 'Object Detection', icon: 'objects' },
  { name: 'people', label: 'Number of People', icon: 'people' },
];

/** In the hub's order; an option this page does not know yet still gets a button. */
export function offered(list) {
  return list.map(({ name, label }) => {
    const known = OPTIONS.find((option) => option.name === name);
    return { name, label: label || known?.label || name, icon: known?.icon ?? 'objects' };
  });
}

/** @returns {'true'|'mixed'|'false'} as aria-pressed says it */
export function pressed(cameras, name) {
  const on = cameras.filter((camera) => camera.options?.includes(name)).length;
  if (on === 0) return 'false';
  return on === cameras.length ? 'true' : 'mixed';
}

/** The models that an option needs, its own last. */
const TASKS = { landmarks: ['faces', 'landmarks'], recognition: ['faces', 'landmarks', 'recognition'], people: ['objects', 'people'] };
const tasksOf = (name) => TASKS[name] ?? [name];
const MODEL_NAMES = {
  centerface: 'CenterFace', yunet: 'YuNet', haar: 'Haar cascade', hog: 'HOG', 'ssd-mobilenet-v2': 'SSD MobileNet V2', 'landmarks-68': '68 points', 'landmarks-5': '5 points',
  'embedding-dlib-resnet': 'dlib ResNet', 'dlib-resnet': 'dlib ResNet',
};

const modelOf = (status, task) => status?.models?.find((model) => model.task === task);

/** Why an option does not work, in the engine's words; empty while it does, or nobody knows. */
export function failure(status, name) {
  const models = tasksOf(name).map((task) => modelOf(status, task));
  return models.find((model) => model?.state === 'failed')?.reason ?? '';
}

/** "SSD MobileNet V2 · int8"; empty while it is not loaded. */
function modelText(status, name) {
  const model = modelOf(status, name);
  if (!model?.model || model.state !== 'ready') return '';
  return [MODEL_NAMES[model.model] ?? model.model, model.precision].filter(Boolean).join(' · ');
}

/** What a button does, and with what, where and why so: for its tooltip. */
export function optionHint(status, { name, label }) {
  const text = modelText(status, name);
  if (failure(status, name) || !text) return [label, failure(status, name)].filter(Boolean).join('\n');
  const { device, reason, precision_reason } = modelOf(status, name);
  const why = [precision_reason, reason].filter(Boolean).join('; ');
  return `${label}\n${text} · ${device}${why ? `: ${why}` : ''}`;
}

/**
 * For how many of the selected an option is on, and on lines of their own what it costs now, "8 of 25 a second", and which
 * model works on it; or why it does not.
 * @param {import('./types.js').View} view
 * @param {import('./types.js').Camera[]} chosen
 */
export function smallPrint(view, chosen, name) {
  const everywhere = view.cameras.filter((camera) => camera.options?.includes(name)).length;
  if (everywhere === 0) return '';
  const here = chosen.filter((camera) => camera.options?.includes(name)).length;
  const mixed = here > 0 && here < chosen.length ? `on for ${here} of ${chosen.length}` : '';
  const elsewhere = here === 0 ? `on for ${everywhere}${chosen.length ? ' not selected' : ''}` : '';
  return [mixed || elsewhere, cost(view.status, name), modelText(view.status, name)].filter(Boolean).join('\n') || 'on';
}

function cost(status, name) {
  if (status?.engine === 'failed') return 'not working';
  if (status?.engine === 'starting') return 'starting';
  if (failure(status, name)) return `not working: ${failure(status, name)}`;
  if (tasksOf(name).some((task) => modelOf(status, task)?.state === 'starting')) return 'starting';
  const done = status?.analysed_fps?.[name];
  const wanted = status?.wanted_fps?.[name];
  if (done === undefined || wanted === undefined) return '';
  return `${rate(done)} of ${rate(wanted)} a second`;
}

/** "CPU · 8/s"; nothing while nothing is analysed. @param {import('./types.js').Status|null} status */
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
