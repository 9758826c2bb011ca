// The sentences on a tile: what state a camera is in and what was found. Never only a colour.

import { clockTime, count, duration } from './format.js';
import { failure } from './options.js';
import { whoWords } from './people.js';

const FACE_OPTIONS = ['faces', 'landmarks', 'recognition'];
const WORDS_ON_TILE = 3;
const FIXED_SPACE = '\u00a0'; // at which no line is broken
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

/** A result may only lie over pictures of its own time, or of a time in which nothing has moved. */
export function isStale(result, picture_s) {
  return picture_s !== null && picture_s - validUntil(result) > RESULT_LIFE_S;
}

const validUntil = (result) => Math.max(result.captured_at, result.unchanged_until ?? 0);

/**
 * What was found, in words: short for the tile, and in full. What failed or has not come yet never reads as "nothing found".
 * @param {import('./types.js').Camera} camera
 * @param {import('./types.js').Result|null} result
 * @param {number|null} picture_s time of the picture that is shown
 * @param {import('./types.js').Status|null} status
 * @returns {{short: string, full: string}}
 */
export function foundWords(camera, result, picture_s, status) {
  const on = camera.options ?? [];
  if (on.length === 0) return both('');
  if (camera.analysis_error && !result) return both(camera.analysis_error);
  if (result && isStale(result, picture_s)) return both(camera.analysis_error || `no result for ${duration(picture_s - validUntil(result))}`);
  const parts = [];
  if (FACE_OPTIONS.some((name) => on.includes(name))) parts.push(facesWords(on, result, status));
  if (on.includes('objects')) parts.push(objectsWords(camera, result, status));
  if (on.includes('people')) parts.push(peopleWords(result, status));
  return { short: parts.map(({ short }) => short).join(' · '), full: parts.map(({ full }) => full).join('\n') };
}

const both = (words) => ({ short: words, full: words });

function facesWords(on, result, status) {
  const problem = failure(status, 'faces');
  if (problem && !result?.faces) return failed('faces', problem);
  const words = part('faces', result?.faces?.length, 'face', 'faces');
  const who = on.includes('recognition') ? whoWords(result?.faces ?? []) : [];
  const useless = ['landmarks', 'recognition'].filter((name) => on.includes(name) && failure(status, name));
  return {
    short: [who.length ? listed(who) : words, ...useless.map((name) => `${name}: not working`)].join(' · '),
    full: [[words, who.join(', ')].filter(Boolean).join(': '), ...useless.map((name) => `${name}: ${failure(status, name)}`)].join('\n'),
  };
}

function objectsWords(camera, result, status) {
  const problem = failure(status, 'objects');
  if (problem && !result?.objects) return failed('objects', problem);
  if (camera.objects?.labels?.length === 0) return both('objects: no label is chosen');
  const words = part('objects', result?.objects?.length, 'object', 'objects');
  const labels = tally(result?.objects ?? []);
  if (labels.length === 0) return both(words);
  return { short: listed(labels), full: `${words}: ${labels.join(', ')}` };
}

const listed = (words) => `${words.slice(0, WORDS_ON_TILE).join(', ')}${words.length > WORDS_ON_TILE ? ', …' : ''}`;

function peopleWords(result, status) {
  const problem = failure(status, 'people');
  const missing = result?.people === null || result?.people === undefined;
  return problem && missing ? failed('people', problem) : both(part('people', result?.people, 'person', 'people'));
}

/** "person 2, cat 1", the most frequent first. */
function tally(objects) {
  const counts = new Map();
  for (const { label } of objects) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1)).map(([label, number]) => `${label}${FIXED_SPACE}${number}`);
}

const failed = (name, problem) => ({ short: `${name}: not working`, full: `${name}: ${problem}` });

/**
 * What an option found goes with it: a box must not outlive its button, nor the wish to see its label.
 * @param {import('./types.js').Result} result
 * @param {import('./types.js').Camera} camera
 */
export function stillAsked(result, camera) {
  const faces = FACE_OPTIONS.some((name) => camera.options.includes(name)) ? withoutOld(result.faces, camera) : null;
  const objects = camera.options.includes('objects') ? chosen(result.objects, camera.objects) : null;
  const people = camera.options.includes('people') ? result.people : null;
  if ([faces, objects, people].every((found) => found === null || found === undefined)) return null;
  const same = faces === result.faces && objects === result.objects && people === result.people;
  return same ? result : { ...result, faces, objects, people };
}

function withoutOld(faces, camera) {
  const points = !camera.options.includes('landmarks') && faces?.some((face) => face.landmarks);
  const names = !camera.options.includes('recognition') && faces?.some((face) => face.person || face.identity);
  if (!points && !names) return faces;
  return faces.map((face) => ({ ...face, ...(points ? { landmarks: null } : {}), ...(names ? { person: null, identity: null } : {}) }));
}

function chosen(objects, settings) {
  if (!objects || !settings) return objects;
  const { min_score, labels } = settings;
  const kept = objects.filter((object) => object.score >= min_score && (labels === null || labels.includes(object.label)));
  return kept.length === objects.length ? objects : kept;
}

/** "quiet" with its explanation while nothing moves; so that nobody wonders why the rate is low. */
export function quietWords(camera) {
  if (!camera.motion?.quiet || camera.options.length === 0) return { short: '', full: '' };
  const skipped = camera.motion.skipped;
  return {
    short: 'quiet',
    full: `Nothing moves: what was found last still stands, and the picture is looked at again every few seconds. Frames not analysed because nothing had moved: ${skipped}.`,
  };
}

function part(name, number, one, many) {
  return number === undefined || number === null ? `${name}: waiting` : count(number, one, many);
}
