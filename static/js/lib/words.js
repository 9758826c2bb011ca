// The sentences on a tile: what state a camera is in and what was found. Never only a colour.

import { validUntil } from './alignment.js';
import { fieldCount, phrase, tally, UNKNOWN } from './counts.js';
import { age, clockTime, duration } from './format.js';
import { failure, fieldsOf, optionsOn } from './options.js';
import { whoWords } from './people.js';

const FIXED_SPACE = '\u00a0'; // at which no line is broken
const RESULT_LIFE_S = 2;
/** A result that is late by less is not worth a line: it comes soon, or the camera says what is wrong. */
const LASTING_S = 10;

const NO_LABEL = 'objects: no label is chosen';

/**
 * @typedef {import('./types.js').CameraView} CameraView
 * @typedef {import('./types.js').NewResult} Result
 * @typedef {import('./types.js').Option} Option
 * @typedef {{short: string, full: string}} Words  for the tile, and to be told on hover
 */

/**
 * Empty while all is well.
 * @param {CameraView} camera
 * @param {number} now_s
 * @param {number|null} lastPicture_s
 */
export function stateSentence(camera, now_s, lastPicture_s) {
  const since = camera.state_since ? ` since ${clockTime(camera.state_since, now_s)}` : '';
  const because = camera.state_reason ? `: ${camera.state_reason}` : '';
  switch (camera.state) {
    case 'online': return '';
    case 'stalled': return `stalled ${duration(now_s - (lastPicture_s ?? camera.state_since ?? now_s))}${because}`;
    case 'offline': return `offline${since}${because}`;
    case 'pending': return 'waiting for approval';
    default: return `${camera.state}${because}`;
  }
}

/**
 * A result only says something of pictures of its own time, or of a time in which nothing has moved.
 * @param {Result} result
 * @param {number|null} picture_s
 */
export function isStale(result, picture_s) {
  return picture_s !== null && picture_s - validUntil(result) > RESULT_LIFE_S;
}

/**
 * How old what is known of a camera is: "result 140 ms". Empty without a result.
 * @param {Result|null} result @param {number} now_s
 */
export const resultAge = (result, now_s) => (result ? `result ${age(validUntil(result), now_s)}` : '');

/**
 * What was found, in one phrase. What failed or has not come yet never reads as "nothing found".
 * @param {CameraView} camera
 * @param {Result|null} result
 * @param {number|null} picture_s time of the picture that is shown
 * @param {import('./types.js').EngineStatusView|null} status
 * @param {Option[]} options that there are
 * @returns {Words & {late?: boolean}}  late: a result should have come
 */
export function foundWords(camera, result, picture_s, status, options) {
  const on = optionsOn(options, camera);
  if (on.length === 0) return both('');
  if (camera.analysis_error && !result) return both(camera.analysis_error);
  if (result && picture_s !== null && isStale(result, picture_s)) {
    return camera.analysis_error ? both(camera.analysis_error) : lateWords(picture_s - validUntil(result));
  }
  if (camera.objects?.labels?.length === 0 && fieldsOf(on).join() === 'objects') return both(NO_LABEL);
  const found = fields(result, on);
  const problems = fieldsOf(on).flatMap((field) => problemWords(field, found[field], makersOf(field, on), status));
  const isUnknown = Object.values(found).every((each) => each === null);
  const isWaiting = isUnknown && problems.every(({ short }) => short.endsWith(UNKNOWN));
  const known = phrase(found) || (problems.length ? noneWords(found) : 'nothing found');
  const told = Object.keys(found).filter((field) => found[field] !== null);
  const full = told.map((field) => fullWords(field, found, camera));
  const places = zoneWords(camera, result);
  return {
    short: isWaiting ? UNKNOWN : [known, ...places, ...problems.map(({ short }) => short)].filter(Boolean).join(' · '),
    full: [...full, ...places, ...problems.map((problem) => problem.full)].join('\n'),
  };
}

/** How many things are in each zone that is not empty. @param {CameraView} camera @param {Result|null} result */
const zoneWords = ({ zones }, result) => Object.entries(result?.zones ?? {})
  .filter(([zone, inside]) => inside > 0 && zones?.[zone]).map(([zone, inside]) => `${zones[zone]} ${inside}`);

/** @param {string} words */
const both = (words) => ({ short: words, full: words });

/** @param {number} late_s */
function lateWords(late_s) {
  const words = `no result for ${duration(late_s)}`;
  return { short: late_s < LASTING_S ? UNKNOWN : words, full: words, late: true };
}

/**
 * What a result says of what is asked for now.
 * @param {Result|null} result
 * @param {Option[]} on
 * @returns {Record<string, any>}
 */
const fields = (result, on) => Object.fromEntries(fieldsOf(on).map((field) => (
  [field, /** @type {Record<string, any>|null} */ (result)?.[field] ?? null]
)));

/** @param {string} field @param {Option[]} on */
const makersOf = (field, on) => on.filter(({ brings }) => brings === field);

/** @param {Record<string, any>} found */
const noneWords = (found) => Object.entries(found)
  .filter(([, each]) => each !== null).map(([field, each]) => fieldCount(field, each)).join(' · ');

/**
 * Why something is not known: it failed, or has not come yet.
 * @param {string} field
 * @param {unknown} found
 * @param {Option[]} makers  the options that fill this field
 * @param {import('./types.js').EngineStatusView|null} status
 * @returns {Words[]}
 */
function problemWords(field, found, makers, status) {
  const problem = failure(status, makers[0].tasks.slice(0, 1));
  if (found === null && problem) return [failed(field, problem)];
  if (found === null) return [{ short: fieldCount(field, null), full: `${field}: waiting for the first result` }];
  return makers.filter(({ adds, tasks }) => adds.length > 0 && failure(status, tasks))
    .map(({ name, tasks }) => failed(name, failure(status, tasks)));
}

/** @param {string} name @param {string} problem */
const failed = (name, problem) => ({ short: `${name}: not working`, full: `${name}: ${problem}` });

/**
 * "3 faces: Anna, 2 unknown"; "2 objects: cat 1, dog 1". Persons are objects only where people are not counted.
 * @param {string} field
 * @param {Record<string, any>} found
 * @param {CameraView} camera
 */
function fullWords(field, found, camera) {
  if (field === 'objects' && camera.objects?.labels?.length === 0) return NO_LABEL;
  const isCounted = field === 'objects' && typeof found.people === 'number';
  /** @type {{label: string}[]} */
  const objects = found.objects ?? [];
  const all = isCounted ? objects.filter(({ label }) => label !== 'person') : found[field];
  const details = field === 'faces' ? whoWords(all)
    : field === 'objects' ? tally(all).map(([label, number]) => `${label}${FIXED_SPACE}${number}`) : [];
  return [fieldCount(field, all), details.join(', ')].filter(Boolean).join(': ');
}

/**
 * What an option found goes with it: a box must not outlive its button, nor the wish to see its label.
 * @param {Result} result
 * @param {Pick<CameraView, 'options'> & {objects?: CameraView['objects']|null}} camera
 * @param {Option[]} options that there are
 * @returns {Result|null}  null when nothing is left
 */
export function stillAsked(result, camera, options) {
  const on = optionsOn(options, camera);
  const added = on.flatMap(({ adds }) => adds);
  const old = options.flatMap(({ adds }) => adds).filter((name) => !added.includes(name));
  const asked = fieldsOf(on);
  /** @type {Record<string, any>} */
  const had = result;
  /** @type {Record<string, any>} */
  const now = Object.fromEntries(fieldsOf(options).map((field) => (
    [field, asked.includes(field) ? without(old, had[field]) : null]
  )));
  if (now.objects) now.objects = chosen(now.objects, camera.objects);
  if (Object.values(now).every((found) => found === null || found === undefined)) return null;
  const same = Object.entries(now).every(([field, found]) => found === had[field]);
  return same ? result : { ...result, ...now };
}

/**
 * The same, but for fields that nobody asks for any more.
 * @param {string[]} fields
 * @param {any} found  a list of things, a number, or null
 */
function without(fields, found) {
  if (!Array.isArray(found)) return found;
  const filled = fields.filter((name) => found.some((each) => each[name]));
  if (filled.length === 0) return found;
  const empty = Object.fromEntries(filled.map((name) => [name, null]));
  return found.map((each) => ({ ...each, ...empty }));
}

/**
 * @param {import('./types.js').DetectedObject[]} objects
 * @param {CameraView['objects']|null} [settings]
 */
function chosen(objects, settings) {
  if (!settings) return objects;
  const { min_score, labels } = settings;
  const kept = objects.filter(({ score, label }) => score >= min_score && (labels === null || labels.includes(label)));
  return kept.length === objects.length ? objects : kept;
}

/**
 * "quiet" with its explanation while nothing moves; so that nobody wonders why the rate is low.
 * @param {CameraView} camera
 * @returns {Words}
 */
export function quietWords(camera) {
  if (!camera.motion?.quiet || camera.options.length === 0) return both('');
  return {
    short: 'quiet',
    full: 'Nothing moves: what was found last still stands, and the picture is looked at again every few seconds. '
      + `Frames not analysed because nothing had moved: ${camera.motion.skipped}.`,
  };
}

/**
 * Whether whoever answers at the camera's address has proven that it is its agent.
 * @param {CameraView} camera
 * @returns {Words}
 */
export function unprovenWords(camera) {
  if (camera.proven) return both('');
  return {
    short: 'unproven',
    full: 'This agent does not prove who it is: another program at its address could show other pictures. '
      + 'Newer agents prove it.',
  };
}
