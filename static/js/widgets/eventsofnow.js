// What has just happened, on all cameras, as a quiet strip below the wall. Its place is kept while nothing has: the
// wall would move with the first event.

import { reason } from '../lib/api.js';
import { el, setHidden, setText } from '../lib/dom.js';
import { createEventStrip } from './eventstrip.js';

/** @typedef {import('../lib/types.js').EventView} EventView */

const MOST = 12;
const RECENT_S = 1800;
const SETTLE_MS = 250;

/**
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {() => number} parts.now  UNIX seconds by the hub's clock
 * @param {typeof import('../lib/api.js').api.events} parts.events
 * @param {typeof import('../lib/api.js').api.eventUrl} parts.eventUrl
 * @param {(event: EventView) => string} parts.href  where an event leads
 */
export function createEventsOfNow(root, { now, events, eventUrl, href }) {
  const strip = createEventStrip({ label: 'Events of now', url: eventUrl, href });
  const nothing = el('p', { class: 'quiet small', 'data-testid': 'nothing-now' });
  root.append(strip.element, nothing);
  /** @type {EventView[]} */
  let found = [];
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let soon;

  async function load() {
    clearTimeout(soon);
    soon = undefined;
    try {
      ({ events: found } = await events({ since: String(Math.floor(now() - RECENT_S)), limit: String(MOST) }));
      setText(nothing, 'No events in the last half hour.');
    } catch (error) {
      setText(nothing, reason(error));
    }
    tick(now());
  }

  /** What ended long ago leaves. @param {number} now_s */
  function tick(now_s) {
    const recent = found.filter(({ ended_at: at }) => at === null || at > now_s - RECENT_S);
    strip.setEvents(recent, now_s);
    setHidden(strip.element, recent.length === 0);
    setHidden(nothing, recent.length > 0);
  }

  return {
    load,
    tick,
    /** The hub tells of an event. Those that follow soon are loaded with it. */
    told() {
      soon ??= setTimeout(load, SETTLE_MS);
    },
  };
}
