// Who was seen today, where and when, and for how long the hub keeps that.

import { el, keyed, setHidden, setText } from '../lib/dom.js';
import { clockTime } from '../lib/format.js';
import { personHue } from '../lib/people.js';
import { createKeptFor } from './keptfor.js';

const LONGEST_DAYS = 366;
const COLUMNS = ['Person', 'Camera', 'Time', 'Distance'];

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
  root.append(el('h2', {}, 'Today’s matches'), none, scroll, kept.element);
  const rows = new Map();

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
    const all = [...(view?.sightings ?? [])].sort((one, other) => other.last_at - one.last_at);
    setHidden(root, !view?.settings?.recognition && all.length === 0);
    kept.setState(view?.settings);
    setHidden(none, all.length > 0);
    setHidden(scroll, all.length === 0);
    keyed(body, all, rows, {
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
