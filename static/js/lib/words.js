// The sentences on a tile: what state a camera is in and what was found. Never only a colour.

import { clockTime, count, duration } from './format.js';

const FACE_OPTIONS = ['faces', 'landmarks', 'recognition'];
export const RESULT_LIFE_S = 2;

/** Empty while all is well. @param {import('./types.js').Camera} camera */
export function stateSentence(camera, now_s, lastPicture_s) {
  const because = camera.state_reason ? `: ${camera.state_reason}` : '';
  switch (camera.state) {
    case 'online': return '';
    case 'stalled': return `stalled ${duration(now_s - (lastPicture_s ?? camera.state_since ?? now_s))}${because}`;
    case 'offline': return `${camera.state_since ? `offline since ${clockTime(camera.state_since, now_s)}` : 'offline'}${because}`;
    case 'pending': return 'waiting for approval';
    default: return `${camera.state}${because}`;
  }
}

/** A result may only lie over pictures of its own time. */
export function isStale(result, picture_s) {
  return picture_s !== null && picture_s - result.captured_at > RESULT_LIFE_S;
}

/**
 * What was found, in words. An error or a missing result never reads as "nothing found".
 * @param {import('./types.js').Camera} camera
 * @param {import('./types.js').Result|null} result
 * @param {number|null} picture_s time of the picture that is shown
 */
export function foundSentence(camera, result, picture_s) {
  const on = camera.options ?? [];
  if (on.length === 0) return '';
  if (camera.analysis_error) return camera.analysis_error;
  if (result && isStale(result, picture_s)) return `no result for ${duration(picture_s - result.captured_at)}`;
  const parts = [];
  if (FACE_OPTIONS.some((name) => on.includes(name))) parts.push(part('faces', result?.faces?.length, 'face', 'faces'));
  if (on.includes('objects')) parts.push(part('objects', result?.objects?.length, 'object', 'objects'));
  if (on.includes('people')) parts.push(part('people', result?.people, 'person', 'people'));
  return parts.join(' · ');
}

/** What an option found goes with it: a box must not outlive its button, nor stay while analysis fails. */
export function stillAsked(result, camera) {
  const faces = FACE_OPTIONS.some((name) => camera.options.includes(name)) ? result.faces : null;
  const objects = camera.options.includes('objects') ? result.objects : null;
  const people = camera.options.includes('people') ? result.people : null;
  if (camera.analysis_error || [faces, objects, people].every((found) => found === null || found === undefined)) return null;
  const same = faces === result.faces && objects === result.objects && people === result.people;
  return same ? result : { ...result, faces, objects, people };
}

function part(name, number, one, many) {
  return number === undefined || number === null ? `${name}: waiting` : count(number, one, many);
}
