// The composition root of the page Events: what happened, newest first.

import { api } from '../lib/api.js';
import { at, el } from '../lib/dom.js';
import { createEventBook } from '../lib/eventbook.js';
import { createPage } from '../lib/page.js';
import { createEventDialog } from '../widgets/eventdialog.js';
import { createEventFilters } from '../widgets/eventfilters.js';
import { createEventGrid } from '../widgets/eventgrid.js';
import { createUndo } from '../widgets/undo.js';

const main = at('events');
const undo = createUndo({ onUndo: () => book.undo(), onDone: () => book.finish() });
const book = createEventBook({ onChange: () => page.store.changed(), offer: undo.offer });
const dialog = createEventDialog({ book, url: api.eventUrl, onStep: step });
const filters = createEventFilters(main.appendChild(el('section', { 'aria-label': 'Filters' })), {
  onChange: book.setFilters, people: api.people, zones: api.zones,
});
const grid = createEventGrid(main.appendChild(el('section', { class: 'part' })), {
  book, onOpen: dialog.open, url: api.eventUrl,
});

/** To the event after or before the one that is open. @param {number} by */
function step(by) {
  const { events } = book.state();
  const next = events[events.findIndex(({ id }) => id === dialog.opened()) + by];
  if (next) dialog.open(next);
}

/** @param {import('../lib/views.js').View} view  @param {number} now_s */
function render(view, now_s) {
  [filters, grid, dialog].forEach((widget) => widget.setState({ ...view, now_s }));
}

const page = createPage({
  main, name: 'events', render, onBack: book.refresh, onGone: book.refresh, onEvent: book.told,
});
document.addEventListener('visibilitychange', () => { if (!document.hidden) book.refresh(); });
/** The address may name an event that is to be opened. @param {string|null} id */
async function openNamed(id) {
  const event = id ? await api.event(id).catch(() => null) : null;
  if (event) dialog.open(event);
}

const named = new URLSearchParams(location.search).get('event');
filters.begin();
openNamed(named);
