// @ts-nocheck
// The sentences on a tile: what state a camera is in and what was found. Never only a colour.

import { validUntil } from './alignment.js';
import { clockTime, count, duration } from './format.js';
import { failure, fieldsOf, optionsOn } from './options.js';
import { whoWords } from './people.js';

/** What one and many of a result's fields are called. */
const NOUNS = { faces: ['face', 'faces'], objects: ['object', 'objects'], people: ['person', 'people'] };
const WORDS_ON_TILE = 3;
const FIXED_SPACE = '\u00a0'; // at which no line is broken
export const RESULT_LIFE_S = 2;

/** Empty while all is well. @param {import('./types.js').CameraView} camera */
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

/**
 * What was found, in words: short for the tile, and in full. What failed or has not come yet never reads as "nothing found".
 * @param {import('./types.js').CameraView} camera
 * @param {import('./types.js').NewResult|null} result
 * @param {number|null} picture_s time of the picture that is shown
 * @param {import('./types.js').EngineStatusView|null} status
 * @param {import('./types.js').Option[]} options that there are
 * @returns {{short: string, full: string}}
 */
export function foundWords(camera, result, picture_s, status, options) {
  const on = optionsOn(options, camera);
  if (on.length === 0) return both('');
  if (camera.analysis_error && !result) return both(camera.analysis_error);
  if (result && isStale(result, picture_s)) return both(camera.analysis_error || `no result for ${duration(picture_s - validUntil(result))}`);
  const parts = fieldsOf(on).map((field) => fieldWords(field, result?.[field] ?? null, on.filter(({ brings }) => brings === field), camera, status));
  return { short: parts.map(({ short }) => short).join(' · '), full: parts.map(({ full }) => full).join('\n') };
}

const both = (words) => ({ short: words, full: words });

/** @param {import('./types.js').Option[]} makers the options that fill this field */
function fieldWords(field, found, makers, camera, status) {
  const problem = failure(status, makers[0].tasks.slice(0, 1));
  if (problem && found === null) return failed(field, problem);
  switch (field) {
    case 'faces': return facesWords(found, makers, status);
    case 'objects': return objectsWords(found, camera);
    default: return both(part(field, found));
  }
}

function facesWords(faces, makers, status) {
  const words = part('faces', faces);
  const who = whoWords(faces ?? []);
  const useless = makers.filter(({ adds, tasks }) => adds.length > 0 && failure(status, tasks));
  return {
    short: [who.length ? listed(who) : words, ...useless.map(({ name }) => `${name}: not working`)].join(' · '),
    full: [[words, who.join(', ')].filter(Boolean).join(': '), ...useless.map(({ name, tasks }) => `${name}: ${failure(status, tasks)}`)].join('\n'),
  };
}

function objectsWords(objects, camera) {
  if (camera.objects?.labels?.length === 0) return both('objects: no label is chosen');
  const words = part('objects', objects);
  const labels = tally(objects ?? []);
  if (labels.length === 0) return both(words);
  return { short: listed(labels), full: `${words}: ${labels.join(', ')}` };
}

const listed = (words) => `${words.slice(0, WORDS_ON_TILE).join(', ')}${words.length > WORDS_ON_TILE ? ', …' : ''}`;

/** "person 2, cat 1", the most frequent first. */
function tally(objects) {
  const counts = new Map();
  for (const { label } of objects) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1)).map(([label, number]) => `${label}${FIXED_SPACE}${number}`);
}

const failed = (name, problem) => ({ short: `${name}: not working`, full: `${name}: ${problem}` });

/**
 * What an option found goes with it: a box must not outlive its button, nor the wish to see its label.
 * @param {import('./types.js').NewResult} result
 * @param {import('./types.js').CameraView} camera
 * @param {import('./types.js').Option[]} options that there are
 */
export function stillAsked(result, camera, options) {
  const on = optionsOn(options, camera);
  const added = on.flatMap(({ adds }) => adds);
  const old = options.flatMap(({ adds }) => adds).filter((name) => !added.includes(name));
  const asked = fieldsOf(on);
  const now = Object.fromEntries(fieldsOf(options).map((field) => [field, asked.includes(field) ? without(old, result[field]) : null]));
  if (now.objects) now.objects = chosen(now.objects, camera.objects);
  if (Object.values(now).every((found) => found === null || found === undefined)) return null;
  const same = Object.entries(now).every(([field, found]) => found === result[field]);
  return same ? result : { ...result, ...now };
}

/** The same, but for fields that nobody asks for any more. */
function without(fields, found) {
  const filled = fields.filter((name) => Array.isArray(found) && found.some((each) => each[name]));
  if (filled.length === 0) return found;
  const empty = Object.fromEntries(filled.map((name) => [name, null]));
  return found.map((each) => ({ ...each, ...empty }));
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

/** "faces: waiting", "no faces", "3 faces" */
function part(field, found) {
  const [one, many] = NOUNS[field] ?? [field, field];
  return found === null ? `${field}: waiting` : count(Array.isArray(found) ? found.length : found, one, many);
}
