// What is told of an open camera below its picture: its last events, its people over the day, its figures, and its
// states.

import { reason } from '../lib/api.js';
import { createChart } from '../lib/chart.js';
import { button, el, keyed, setHidden, setSentence, setText } from '../lib/dom.js';
import { age, clockTime, rate } from '../lib/format.js';
import { seriesOf } from '../lib/minutes.js';
import { ROOT } from '../lib/root.js';
import { createEventStrip } from './eventstrip.js';

const DAY_S = 86_400;
const AGAIN_MS = 60_000;
const MOST_STATES = 50;
const MOST_EVENTS = 12;
const SETTLE_MS = 400;
/** Its states have a list of their own. */
const KINDS = ['seen', 'face', 'crossing'];
const NO_EVENTS = 'Nothing has been found yet. Switch an option on: what it finds is listed here.';
const NOT_COUNTED = 'No minute of the last day is counted. Switch “Number of People” on.';

/** @typedef {import('../lib/types.js').CameraView} CameraView */
/** @typedef {{at: number, words: string}} Entry  of the log of states */

/**
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {() => number} parts.now  UNIX seconds, hub's clock
 * @param {(camera: string, since_s: number) => Promise<import('../lib/types.js').Minutes>} parts.minutes
 * @param {typeof import('../lib/api.js').api.events} parts.events
 * @param {typeof import('../lib/api.js').api.eventUrl} parts.eventUrl
 * @param {(id: string) => void} parts.onObjects
 * @param {(camera: CameraView) => void} parts.onRename
 */
export function createDetails(root, { now, minutes, events, eventUrl, onObjects, onRename }) {
  const chartHost = el('div', { class: 'chart', 'data-testid': 'people-chart' });
  const chartWords = el('p', { class: 'quiet small', 'data-testid': 'people-words' });
  const facts = el('dl', { class: 'facts numbers', 'data-testid': 'facts' });
  const log = el('ol', { class: 'states', 'data-testid': 'states' });
  const strip = createEventStrip({
    label: 'Last events of this camera',
    url: eventUrl,
    href: ({ camera: of, id }) => `${ROOT}/events?camera=${of}&event=${id}`,
  });
  const noEvents = el('p', { class: 'quiet small', 'data-testid': 'details-no-events', hidden: true });
  const allEvents = el('a', { class: 'link', 'data-testid': 'all-events' }, 'All its events');
  const element = el('div', { class: 'details', 'data-testid': 'details', hidden: true },
    el('section', { class: 'details-part is-wide' },
      el('div', { class: 'part-head' }, el('h2', {}, 'Events'), allEvents), strip.element, noEvents),
    el('section', { class: 'details-part is-wide' }, el('h2', {}, 'People'), chartHost, chartWords),
    el('section', { class: 'details-part' }, el('h2', {}, 'This camera'), facts,
      el('div', { class: 'row' },
        button('Rename', 'details-rename', () => { if (camera) onRename(camera); }),
        button('Object settings…', 'details-objects', () => { if (camera) onObjects(camera.id); }))),
    el('section', { class: 'details-part' }, el('h2', {}, 'States'), log));
  root.append(element);
  const chart = createChart(chartHost, {
    label: 'People in view, for each minute of the last day',
    series: [{ label: 'most', colour: '--hue-1' }, { label: 'on average', colour: '--accent', filled: true }],
    words: (value) => String(Math.round(value * 10) / 10),
  });
  const rows = new Map();
  const entries = new Map();
  /** @type {CameraView|null} */
  let camera = null;
  /** @type {Entry[]} what the hub has stored of it, newest first */
  let stored = [];
  let told = '';
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let soon;
  setInterval(() => { if (camera && !document.hidden) loadMinutes(camera.id); }, AGAIN_MS);

  /** @param {string} id */
  async function loadMinutes(id) {
    try {
      const { minutes: stored } = await minutes(id, now() - DAY_S);
      if (camera?.id !== id) return;
      setHidden(chartHost, stored.length === 0);
      setSentence(chartWords, stored.length ? '' : NOT_COUNTED);
      if (stored.length) {
        const [times, means, most] = seriesOf(stored);
        chart.setData([times, most, means]);
      }
    } catch (error) {
      setSentence(chartWords, reason(error));
    }
  }

  /** @param {string} id */
  async function loadEvents(id) {
    const query = /** @type {[string, string][]} */ ([
      ['camera', id], ['limit', String(MOST_EVENTS)], ...KINDS.map((kind) => ['kind', kind]),
    ]);
    const found = await events(query).catch(() => null);
    if (found === null || camera?.id !== id) return;
    strip.setEvents(found.events, now());
    setSentence(noEvents, found.events.length ? '' : NO_EVENTS);
    setHidden(strip.element, found.events.length === 0);
  }

  /** @param {string} id */
  async function loadStates(id) {
    const found = await events({ camera: id, kind: 'camera', limit: String(MOST_STATES) }).catch(() => null);
    if (found === null || camera?.id !== id) return;
    stored = found.events.map(({ started_at: at, subkind, reason: why }) => ({
      at, words: [subkind ?? 'camera', why].filter(Boolean).join(': '),
    }));
    show();
  }

  /** What it is now, then what it was. @param {CameraView} now_ @returns {Entry[]} */
  const entriesOf = ({ state, state_reason: why, state_since: at }) => (
    [{ at, words: [state, state === 'online' ? '' : why].filter(Boolean).join(': ') }, ...stored]
  );

  /** How closely frames are looked at. @param {import('../lib/types.js').Sight} sight */
  function lookText({ face_long_side: side, full_fps: full, closer_fps: closer }) {
    const size = side === null ? [] : [`faces at ${side} pixels`];
    const faces = full > 0 || side !== null ? [`${rate(full)} in full`] : [];
    return [...faces, `${rate(closer)} closer`, ...size].join(' · ');
  }

  /** @param {CameraView} now_ @returns {[string, string][]} */
  function factsOf({ state, address, source, version, width, height, dropped, ...more }) {
    const { fps, received_fps: received, analysed_fps: analysed, sight } = more;
    const drops = Object.entries(dropped).filter(([hop]) => hop !== 'events').map(([hop, count]) => `${hop} ${count}`);
    return [
      ['Picture', width && height ? `${width} × ${height}` : '–'],
      ['Frames a second', `${fps ? rate(fps) : '–'} given · ${rate(received)} received · ${rate(analysed)} analysed`],
      ['Looks a second', sight ? lookText(sight) : 'each in full'],
      ['Age of the picture', state !== 'online' || more.age_ms === null ? '–' : age(now() - more.age_ms / 1000, now())],
      ['Dropped since it came online', drops.join(' · ')],
      ['Address', [address, source].filter(Boolean).join(' · ')],
      ['Agent', [version ?? '–', more.proven ? 'proven' : 'unproven'].join(' · ')],
      ['Here since', clockTime(more.registered_at, now())],
    ];
  }

  function show() {
    if (!camera) return;
    keyed(facts, factsOf(camera), rows, {
      key: ([name]) => name,
      make: ([name]) => {
        const value = el('dd', {});
        return { element: el('div', { class: 'fact-row' }, el('dt', { class: 'quiet' }, name), value), value };
      },
      update: (row, [, value]) => setText(row.value, value),
    });
    keyed(log, entriesOf(camera).map((each, index) => ({ ...each, index })), entries, {
      key: ({ at, words, index }) => `${index} ${at} ${words}`,
      make: ({ at, words }) => ({
        element: el('li', {}, el('span', { class: 'quiet numbers' }, clockTime(at, now())), el('span', {}, words)),
      }),
      update: () => {},
    });
  }

  return {
    /** The hub tells of an event. @param {import('../lib/types.js').EventView} event */
    told({ camera: of }) {
      if (of !== camera?.id) return;
      soon ??= setTimeout(() => {
        soon = undefined;
        if (camera) loadEvents(camera.id);
      }, SETTLE_MS);
    },
    /** @param {import('../lib/views.js').View|null} view */
    setState(view) {
      const next = view?.cameras.find(({ id }) => id === view.enlarged) ?? null;
      const isOther = next?.id !== camera?.id;
      camera = next;
      setHidden(element, camera === null);
      if (isOther) {
        stored = [];
        strip.setEvents([], now());
        setSentence(noEvents, '');
      }
      if (camera && isOther) {
        allEvents.href = `${ROOT}/events?camera=${camera.id}`;
        loadMinutes(camera.id);
        loadEvents(camera.id);
      }
      const state = camera ? `${camera.id} ${camera.state}` : '';
      if (camera && state !== told) loadStates(camera.id);
      told = state;
      show();
    },
  };
}
