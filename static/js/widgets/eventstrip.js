// The last events as a row of small pictures, newest first. Each leads to the page Events.

import { el, icon, keyed, setAttr, setHidden, setText, setTitle } from '../lib/dom.js';
import { eventTitle } from '../lib/eventwords.js';
import { clockTime } from '../lib/format.js';

/** @typedef {import('../lib/types.js').EventView} EventView */

/**
 * @param {object} parts
 * @param {string} parts.label  what these events are of
 * @param {(id: string, picture: 'thumbnail'|'snapshot') => string} parts.url  of a picture
 * @param {(event: EventView) => string} parts.href  where an event leads
 */
export function createEventStrip({ label, url, href }) {
  const element = el('ul', { class: 'strip', 'aria-label': label, 'data-testid': 'event-strip' });
  const rows = new Map();

  /** @param {EventView} event */
  function make(event) {
    const image = el('img', { alt: '', loading: 'lazy', decoding: 'async', hidden: true });
    image.addEventListener('error', () => setHidden(image, true));
    const title = el('span', { class: 'strip-title', dir: 'auto' });
    const when = el('span', { class: 'quiet numbers' });
    const picture = el('span', { class: 'strip-picture' }, icon('objects'), image);
    const props = { class: 'strip-event', href: href(event), 'data-testid': 'strip-event' };
    const link = el('a', props, picture, title, when);
    return { element: el('li', {}, link), link, image, title, when, at: 0 };
  }

  /** @param {ReturnType<typeof make>} row @param {EventView} event @param {number} now_s */
  function update(row, event, now_s) {
    const words = eventTitle(event);
    const when = clockTime(event.started_at, now_s);
    setText(row.title, words);
    setText(row.when, event.ended_at === null ? `${when} · now` : when);
    setTitle(row.title, words);
    row.link.classList.toggle('is-alert', event.severity === 'alert');
    setAttr(row.link, 'aria-label', `${words}, ${row.when.textContent}`);
    const at = event.picture?.at ?? 0;
    if (row.at === at) return;
    row.at = at;
    row.image.src = `${url(event.id, 'thumbnail')}?at=${at}`;
    setHidden(row.image, false);
  }

  return {
    element,
    /** @param {EventView[]} events newest first @param {number} now_s UNIX, hub's clock */
    setEvents(events, now_s) {
      keyed(element, events, rows, { key: ({ id }) => id, make, update: (row, event) => update(row, event, now_s) });
    },
  };
}
