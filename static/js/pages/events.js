// The composition root of the page Events: what happened, newest first.

import { api } from '../lib/api.js';
import { at, el } from '../lib/dom.js';
import { createEventBook } from '../lib/eventbook.js';
import { createLive } from '../lib/live.js';
import { liveUrl } from '../lib/root.js';
import { createStore } from '../lib/store.js';
import { createBanner } from '../widgets/banner.js';
import { createEventDialog } from '../widgets/eventdialog.js';
import { createEventFilters } from '../widgets/eventfilters.js';
import { createEventGrid } from '../widgets/eventgrid.js';
import { createHeader } from '../widgets/header.js';
import { createUndo } from '../widgets/undo.js';

const main = at('events');
const store = createStore(render);
const live = createLive({
  url: liveUrl(), onMessage: receive, onDrawn() {}, onLost: () => store.setLink('lost'), mayReturn: api.signedIn,
});
const undo = createUndo({ onUndo: () => book.undo(), onDone: () => book.finish() });
const book = createEventBook({ onChange: store.changed, offer: undo.offer });
const dialog = createEventDialog({ book, url: api.eventUrl, onStep: step });
const filters = createEventFilters(main.appendChild(el('section', { 'aria-label': 'Filters' })), {
  onChange: book.setFilters,
});
const grid = createEventGrid(main.appendChild(el('section', { class: 'part' })), {
  book, onOpen: dialog.open, url: api.eventUrl,
});
const header = createHeader(at('header'), {
  actions: null, version: main.dataset.version, onAligned: store.setAligned, page: 'events',
});
const banner = createBanner(at('banner'));
const widgets = [header, banner, filters, grid, dialog];

/** To the event after or before the one that is open. @param {number} by */
function step(by) {
  const { events } = book.state();
  const next = events[events.findIndex(({ id }) => id === dialog.opened()) + by];
  if (next) dialog.open(next);
}

/** @param {import('../lib/views.js').View} view */
function render(view) {
  document.body.classList.toggle('is-lost', view.link === 'lost');
  const all = { ...view, now_s: live.now() };
  widgets.forEach((widget) => widget.setState(all));
}

/** @param {import('../lib/types.js').Hello} message */
function greet(message) {
  if (store.view().link === 'lost') book.refresh();
  store.hello(message);
}

/** @param {any} message of the hub */
function receive(message) {
  switch (message.type) {
    case 'hello': greet(message); break;
    case 'cameras': store.update(message.cameras); break;
    case 'gone': store.gone(message.camera); book.refresh(); break;
    case 'status': store.setStatus(message); break;
    case 'event': book.told(message); break;
    case 'error': console.warn(`The hub did not understand this page: ${message.message}`); break;
    default: break;
  }
}

document.addEventListener('visibilitychange', () => { if (!document.hidden) book.refresh(); });
filters.begin();
store.changed();
live.open();
