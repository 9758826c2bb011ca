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

/**
 * For how many of the selected an option is on, and on a line of its own what it costs now: "8 of 25 a second".
 * @param {import('./types.js').View} view
 * @param {import('./types.js').Camera[]} chosen
 */
export function smallPrint(view, chosen, name) {
  const everywhere = view.cameras.filter((camera) => camera.options?.includes(name)).length;
  if (everywhere === 0) return '';
  const here = chosen.filter((camera) => camera.options?.includes(name)).length;
  const mixed = here > 0 && here < chosen.length ? `on for ${here} of ${chosen.length}` : '';
  const elsewhere = here === 0 ? `on for ${everywhere}${chosen.length ? ' not selected' : ''}` : '';
  return [mixed || elsewhere, cost(view.status, name)].filter(Boolean).join('\n') || 'on';
}

function cost(status, name) {
  if (status?.engine === 'failed') return 'not working';
  if (status?.engine === 'starting') return 'starting';
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
