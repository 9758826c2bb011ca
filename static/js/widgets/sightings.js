// Who was seen today: everyone once as a picture, every visit in a table, and for how long the hub keeps that.

import { el, keyed, setHidden, setText } from '../lib/dom.js';
import { clockTime, count } from '../lib/format.js';
import { personHue } from '../lib/people.js';
import { createKeptFor } from './keptfor.js';

const LONGEST_DAYS = 366;
const COLUMNS = ['Person', 'Camera', 'Time', 'Distance'];

/**
 * A person who was seen, once however often.
 * @typedef {object} Visitor
 * @property {string} id
 * @property {import('../lib/types.js').Sighting} last  the newest visit
 * @property {number} visits
 * @property {string} picture  the address of one that was enrolled; empty: there is none
 */

/**
 * @param {import('../lib/types.js').Sighting[]} visits  newest first
 * @param {import('../lib/types.js').Person[]} people
 * @param {(id: string, face: string) => string} url
 * @returns {Visitor[]}
 */
function visitorsOf(visits, people, url) {
  return [...new Set(visits.map(({ person }) => person))].map((id) => {
    const own = visits.filter(({ person }) => person === id);
    const picture = people.find((each) => each.id === id)?.pictures.find(({ used }) => used);
    return { id, last: own[0], visits: own.length, picture: picture ? url(id, picture.id) : '' };
  });
}

/** @param {HTMLElement} root @param {{gallery: import('../lib/gallery.js').Gallery}} parts */
export function createSightings(root, { gallery }) {
  const none = el('p', { class: 'quiet small', 'data-testid': 'no-sightings' }, 'No known person was seen today.');
  const body = el('tbody', {});
  const table = el('table', { class: 'sightings' },
    el('thead', {}, el('tr', {}, ...COLUMNS.map((name) => el('th', { scope: 'col' }, name)))), body);
  const scrolling = { class: 'sightings-scroll', role: 'group', 'aria-label': 'Today’s matches', tabIndex: 0 };
  const scroll = el('div', scrolling, table);
  const kept = createKeptFor({
    gallery, setting: 'sightings_days', most: LONGEST_DAYS, unit: 'days', testid: 'sightings-days',
    label: 'Keep matches for',
  });
  const strip = el('ul', { class: 'visitors', 'aria-label': 'Who was seen today', 'data-testid': 'visitors' });
  const summary = el('summary', {});
  const fold = el('details', { class: 'fold' }, summary, scroll);
  root.append(el('h2', {}, 'Today’s matches'), none, strip, fold, kept.element);
  const rows = new Map();
  const cards = new Map();

  /** @param {Visitor} visitor */
  function makeCard({ id }) {
    const image = el('img', { alt: '', loading: 'lazy', hidden: true });
    const name = el('span', { class: 'visitor-name', dir: 'auto' });
    const words = el('span', { class: 'verdict numbers' });
    const thumb = el('span', { class: 'thumb' }, image);
    const element = el('li', { class: 'visitor', 'data-testid': 'visitor' }, thumb, name, words);
    element.style.setProperty('--hue', `var(--hue-${personHue(id) + 1})`);
    return { element, image, name, words, source: '' };
  }

  /** @param {ReturnType<typeof makeCard>} card @param {Visitor} visitor @param {number} [now_s] */
  function updateCard(card, { last, visits, picture }, now_s) {
    const often = visits > 1 ? [count(visits, 'visit', 'visits')] : [];
    setText(card.name, last.name);
    setText(card.words, [last.camera_name ?? '', clockTime(last.last_at, now_s), ...often].filter(Boolean).join(' · '));
    if (card.source === picture) return;
    card.source = picture;
    card.image.src = picture;
    setHidden(card.image, picture === '');
  }

  /** @param {import('../lib/types.js').Sighting} sighting */
  function make({ person }) {
    const hue = el('span', { class: 'hue', 'aria-hidden': 'true' });
    hue.style.setProperty('--hue', `var(--hue-${personHue(person) + 1})`);
    const name = el('span', { dir: 'auto' });
    const where = el('td', {});
    const when = el('td', { class: 'numbers' });
    const distance = el('td', { class: 'quiet numbers' });
    const who = el('td', {}, el('span', { class: 'who' }, hue, name));
    const element = el('tr', { 'data-testid': 'sighting' }, who, where, when, distance);
    return { element, name, where, when, distance };
  }

  /** @param {import('../lib/views.js').FacesView|null} view */
  function setState(view) {
    const visits = [...(view?.sightings ?? [])].sort((one, other) => other.last_at - one.last_at);
    setHidden(root, !view?.settings?.recognition && visits.length === 0);
    kept.setState(view?.settings);
    setHidden(none, visits.length > 0);
    setHidden(fold, visits.length === 0);
    setText(summary, count(visits.length, 'visit', 'visits'));
    keyed(strip, visitorsOf(visits, view?.people ?? [], gallery.faceUrl), cards, {
      key: ({ id }) => id, make: makeCard, update: (card, visitor) => updateCard(card, visitor, view?.now_s),
    });
    keyed(body, visits, rows, {
      key: ({ person, camera, first_at }) => `${person} ${camera} ${first_at}`,
      make,
      update: (row, sighting) => {
        setText(row.name, sighting.name);
        setText(row.where, sighting.camera_name ?? '');
        setText(row.when, whenWords(sighting, view?.now_s));
        setText(row.distance, sighting.distance.toFixed(2));
      },
    });
  }

  return { setState };
}

/** "14:02", "14:02–14:09" @param {import('../lib/types.js').Sighting} sighting @param {number} [now_s] */
function whenWords({ first_at, last_at }, now_s) {
  const [from, to] = [clockTime(first_at, now_s), clockTime(last_at, now_s)];
  return from === to ? from : `${from}–${to}`;
}
