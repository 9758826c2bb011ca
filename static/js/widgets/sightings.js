// @ts-nocheck
// Who was seen today, where and when, and for how long that is kept.

import { el, keyed, setHidden, setText } from '../lib/dom.js';
import { clockTime } from '../lib/format.js';
import { personHue } from '../lib/people.js';
import { createKeptFor } from './keptfor.js';

const LONGEST_DAYS = 366;

/** @param {HTMLElement} root */
export function createSightings(root, { gallery }) {
  const none = el('p', { class: 'quiet small', 'data-testid': 'no-sightings' }, 'Nobody who is known has been seen today.');
  const body = el('tbody', {});
  const table = el('table', { class: 'sightings' },
    el('thead', {}, el('tr', {}, ...['Who', 'Where', 'When', 'Distance'].map((name) => el('th', { scope: 'col' }, name)))), body);
  const scroll = el('div', { class: 'sightings-scroll', role: 'group', 'aria-label': 'Matches of today', tabIndex: 0 }, table);
  const kept = createKeptFor({ gallery, setting: 'sightings_days', most: LONGEST_DAYS, unit: 'days', testid: 'sightings-days', label: 'Matches are kept for' });
  root.append(el('h2', {}, 'Matches of today'), none, scroll, kept.element);
  const rows = new Map();

  function make({ person }) {
    const hue = el('span', { class: 'hue', 'aria-hidden': 'true' });
    hue.style.setProperty('--hue', `var(--hue-${personHue(person) + 1})`);
    const who = el('span', { dir: 'auto' });
    const [where, when, distance] = [el('td', {}), el('td', { class: 'numbers' }), el('td', { class: 'quiet numbers' })];
    return { element: el('tr', { 'data-testid': 'sighting' }, el('td', {}, el('span', { class: 'who' }, hue, who)), where, when, distance), who, where, when, distance };
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
        setText(row.who, sighting.name);
        setText(row.where, sighting.camera_name ?? '');
        setText(row.when, whenWords(sighting, view.now_s));
        setText(row.distance, sighting.distance.toFixed(2));
      },
    });
  }

  return { setState };
}

/** "14:02", "14:02–14:09" */
function whenWords({ first_at, last_at }, now_s) {
  const [from, to] = [clockTime(first_at, now_s), clockTime(last_at, now_s)];
  return from === to ? from : `${from}–${to}`;
}
