// What happened, in words. Pure.

import { clockTime, duration } from './format.js';

/** @typedef {import('./types.js').EventView} EventView */

/** Where no name is told. @type {Record<string, string>} */
const FACES = { known: 'Known face', perhaps: 'Perhaps a known face' };
/** @type {Record<string, string>} */
const OTHERS = { offline: 'Camera offline', back: 'Camera back', tampered: 'Camera tampered with' };

/** @param {string} words */
const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);

/** "Person", "Anna", "Person crossed Door: in" @param {EventView} event */
export function eventTitle({ kind, subkind, label, person, crossings, reason }) {
  const thing = capital(label ?? 'something');
  if (kind === 'seen') return thing;
  if (kind === 'crossing') return `${thing} crossed ${crossings[0]?.name ?? 'a line'}: ${subkind}`;
  if (kind === 'face') return faceTitle(subkind, person?.name);
  return OTHERS[subkind ?? ''] ?? reason ?? capital(`${kind} ${subkind ?? ''}`.trim());
}

/** @param {string|null} subkind @param {string} [name] */
function faceTitle(subkind, name) {
  if (!name) return FACES[subkind ?? ''] ?? 'Unknown face';
  return subkind === 'perhaps' ? `Perhaps ${name}` : name;
}

/** "Hall · 14:02 · 12 s", "Hall · 14:02 · now" @param {EventView} event @param {number} now_s */
export function eventWhen({ camera, camera_name, started_at, ended_at }, now_s) {
  const lasted = ended_at === null ? 'now' : duration(ended_at - started_at);
  const parts = [camera_name ?? (camera ? 'a camera that is gone' : 'this hub'), clockTime(started_at, now_s)];
  return [...parts, ...(ended_at === started_at ? [] : [lasted])].join(' · ');
}

/** One sentence for each thing that is known of an event. @param {EventView} event @param {number} now_s */
export function eventFacts({ zones, crossings, reason, score }, now_s) {
  /** @param {number} at */
  const time = (at) => clockTime(at, now_s, true);
  const stays = zones.map(({ name, entered_at, left_at }) => (
    `in ${name} from ${time(entered_at)}`
      + (left_at === null ? '' : `, for ${duration(left_at - entered_at)}`)
  ));
  const crossed = crossings.map(({ name, direction, at }) => `crossed ${name} ${time(at)}: ${direction}`);
  const sure = score === null ? [] : [`score ${score.toFixed(2)}`];
  return [...(reason ? [reason] : []), ...stays, ...crossed, ...sure];
}
