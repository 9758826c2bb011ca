// The events that the page Events shows: loaded by filter, kept up to date by the socket, deleted with a way back.

import { api, reason } from './api.js';
import { createUndoable } from './undoable.js';

/** @typedef {import('./types.js').EventView} EventView */
/** @typedef {Record<string, string>} Filters  by the name of the query's parameter; empty: all */
/** @typedef {ReturnType<typeof createEventBook>} EventBook */

const PAGE = 60;
const SETTLE_MS = 250;
const UNDO_S = 8;

/**
 * @param {object} parts
 * @param {() => void} parts.onChange
 * @param {(text: string|null, seconds: number) => void} parts.offer  what can be undone; null: nothing
 */
export function createEventBook({ onChange, offer }) {
  /** @type {EventView[]} */
  let events = [];
  /** @type {Filters} */
  let filters = {};
  let trouble = '';
  let loaded = false;
  let more = false;
  let asked = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  /** @type {Set<string>} ids that are not shown, because the viewer is deleting them; none is given twice */
  const deleted = new Set();
  const { begin, undo, finish } = createUndoable({
    seconds: UNDO_S,
    offer,
    setGone(id, gone) {
      deleted[gone ? 'add' : 'delete'](id);
      onChange();
    },
    ask: api.deleteEvent,
    askLate: api.deleteEventLate,
    refused(error) {
      trouble = reason(error);
      onChange();
    },
  });

  /** @param {string} [before] */
  async function load(before) {
    asked += 1;
    const mine = asked;
    try {
      const { events: found } = await api.events({ ...filters, limit: String(PAGE), ...(before ? { before } : {}) });
      if (mine !== asked) return;
      events = before ? [...events, ...found] : [...found, ...keptTail(found)];
      more = found.length === PAGE || (!before && more && events.length > found.length);
      trouble = '';
      loaded = true;
    } catch (error) {
      trouble = reason(error);
    }
    onChange();
  }

  /** What was loaded before, and is older than a new first page. @param {EventView[]} found */
  function keptTail(found) {
    if (found.length < PAGE) return [];
    const last = Number(found[found.length - 1].id);
    return events.filter(({ id }) => Number(id) < last);
  }

  /** @param {EventView} event */
  function replace(event) {
    events = events.map((each) => (each.id === event.id ? event : each));
    onChange();
  }

  return {
    state: () => ({
      events: events.filter(({ id }) => !deleted.has(id)), filters, trouble, loaded, more,
    }),
    refresh: () => load(),
    older: () => load(events.at(-1)?.id),
    /** @param {Filters} next */
    setFilters(next) {
      filters = Object.fromEntries(Object.entries(next).filter(([, value]) => value !== ''));
      events = [];
      loaded = false;
      onChange();
      load();
    },
    /** The hub tells of an event. @param {EventView} event */
    told(event) {
      if (events.some(({ id }) => id === event.id)) replace(event);
      clearTimeout(timer);
      timer = setTimeout(() => load(), SETTLE_MS);
    },
    /** @param {EventView} event */
    async keep(event) {
      replace({ ...event, kept: !event.kept });
      try {
        replace(await api.keepEvent(event.id, !event.kept));
      } catch (error) {
        trouble = reason(error);
        replace(event);
      }
    },
    /** @param {EventView} event */
    remove: ({ id }) => begin([id], 'The event is deleted.'),
    undo,
    finish,
  };
}
