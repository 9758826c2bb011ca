// How many of what were found, in one phrase. A person is counted once, whichever options found them. Pure.

import { count, plural } from './format.js';
import { isAsked } from './options.js';
import { whoWords } from './people.js';

/** A count that is not known. */
export const UNKNOWN = '–';

/** @type {Record<string, [string, string]>} what one and many of a result's fields are called */
const NOUNS = { faces: ['face', 'faces'], objects: ['object', 'objects'], people: ['person', 'people'] };
const PERSON = 'person';
const KINDS_IN_PHRASE = 3;

/** @typedef {Record<string, unknown> & Partial<import('./types.js').NewResult>} Found  a result, by its fields */

/**
 * "2 people · 1 dog"; "Anna, 1 unknown · 1 dog"; empty when nothing was found.
 * @param {Found} result  fields that are null say nothing
 */
export function phrase(result) {
  return [...personWords(result), ...kindWords(result), ...otherWords(result)].join(' · ');
}

/**
 * The number of people is the one that was counted; else as many as there are faces, or persons among the objects.
 * Faces where nobody was counted are told as faces.
 * @param {Found} result
 */
function personWords({ faces, objects, people = null }) {
  const persons = (objects ?? []).filter(({ label }) => label === PERSON).length;
  const onlyFaces = !people && persons === 0;
  const seen = onlyFaces ? faces?.length ?? 0 : people ?? Math.max(persons, faces?.length ?? 0);
  const who = whoWords(faces ?? []);
  if (who.length === 0) return seen === 0 ? [] : [count(seen, ...NOUNS[onlyFaces ? 'faces' : 'people'])];
  const told = (faces ?? []).filter(({ identity }) => identity && identity.state !== 'undecided').length;
  const more = onlyFaces ? 0 : seen - told;
  return [listed(more > 0 ? [...who, `${more} more`] : who)];
}

/**
 * "2 dogs", "1 cat": the most frequent first, without persons.
 * @param {Found} result
 */
function kindWords({ objects }) {
  const kinds = tally((objects ?? []).filter(({ label }) => label !== PERSON));
  const words = kinds.map(([label, number]) => count(number, label, plural(label)));
  return words.length > KINDS_IN_PHRASE ? [...words.slice(0, KINDS_IN_PHRASE), '…'] : words;
}

/**
 * Of options that are new, what they count.
 * @param {Found} result
 */
const otherWords = (result) => Object.entries(result)
  .filter(([field, found]) => !(field in NOUNS) && typeof found === 'number' && found > 0)
  .map(([field, found]) => count(Number(found), field, field));

const NAMES_IN_PHRASE = 3;

/** @param {string[]} words */
const listed = (words) => (
  words.length > NAMES_IN_PHRASE ? `${words.slice(0, NAMES_IN_PHRASE).join(', ')}, …` : words.join(', ')
);

/**
 * @param {{label: string}[]} objects
 * @returns {[string, number][]} the most frequent label first
 */
export function tally(objects) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { label } of objects) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1));
}

/**
 * "no faces", "3 faces", or that it is not known.
 * @param {string} field
 * @param {unknown} found  a list or a number; null: not known yet
 */
export function fieldCount(field, found) {
  const [one, many] = NOUNS[field] ?? [field, field];
  if (found === null || found === undefined) return `${many} ${UNKNOWN}`;
  return count(Array.isArray(found) ? found.length : Number(found), one, many);
}

/**
 * How many people are before all cameras that count them: only of counts that hold now.
 * @param {import('./types.js').CameraView[]} cameras
 * @param {import('./types.js').Option[]} options
 * @param {Map<string, number|null>} shown  what tiles say, which goes before what the hub said of their cameras
 * @param {boolean} lost  the hub is, so that nothing is known
 * @returns {{text: string, of: string, hint: string}}  how many, and on how many cameras, which a phone has no room
 *   for; empty where nobody counts
 */
export function peopleNow(cameras, options, shown, lost) {
  const counting = cameras.filter((camera) => camera.state === 'online' && isAsked(options, camera, 'people'));
  if (counting.length === 0) return { text: '', of: '', hint: '' };
  const counts = counting
    .map(({ id, people }) => (lost ? null : shown.has(id) ? shown.get(id) : people))
    .filter((people) => typeof people === 'number');
  if (counts.length === 0) return { text: `${UNKNOWN} people now`, of: '', hint: 'No camera has a count of now.' };
  const sum = counts.reduce((total, people) => total + people, 0);
  const all = counting.length;
  const of = counts.length === all ? String(all) : `${counts.length} of ${all}`;
  return {
    text: `${sum} ${plural(PERSON, sum)}`,
    of: ` now on ${of} ${plural('camera', all)}`,
    hint: counts.length === all ? '' : `${all - counts.length} of the cameras that count people have no count of now.`,
  };
}
