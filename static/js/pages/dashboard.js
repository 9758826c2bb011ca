// The composition root of the dashboard: every part is built and connected here.

import { createActions } from '../lib/actions.js';
import { api } from '../lib/api.js';
import { at } from '../lib/dom.js';
import { createLive } from '../lib/live.js';
import { liveUrl } from '../lib/root.js';
import { createStore } from '../lib/store.js';
import { createAddCameraDialog } from '../widgets/addcamera.js';
import { createAside } from '../widgets/aside.js';
import { createAnnouncer, createBanner } from '../widgets/banner.js';
import { createEmpty } from '../widgets/empty.js';
import { createGrid } from '../widgets/grid.js';
import { createHeader } from '../widgets/header.js';
import { createMenu } from '../widgets/menu.js';
import { createObjectsDialog } from '../widgets/objects.js';

const TICK_MS = 250;
const store = createStore(renderSoon);
const live = createLive({
  url: liveUrl(),
  onMessage: receive,
  onPictures(reports) {
    grid.pictures(reports, live.now());
    sum();
  },
  onDrawn: (camera, drawn) => recorded.push({ camera, ...drawn }),
  onLost: () => store.setLink('lost'),
  mayReturn: api.signedIn,
});
/**
 * What was drawn over which picture, while a test has it recorded.
 * @type {({camera: string} & import('../lib/views.js').Drawn)[]}
 */
const recorded = [];
const actions = createActions({
  store,
  say: (sentence, more) => aside.say(sentence, more),
  pointAtCheckboxes: () => grid.pointAtCheckboxes(),
});

const menu = createMenu();
const addCamera = createAddCameraDialog({ actions });
const objects = createObjectsDialog({ actions });
const header = createHeader(at('header'), { actions, version: at('app').dataset.version, onAligned: store.setAligned });
const banner = createBanner(at('banner'));
const empty = createEmpty(at('stage'), { actions });
const grid = createGrid(at('stage'), {
  actions,
  menu,
  live,
  onObjects: objects.open,
});
const aside = createAside(at('aside'), { actions, onAddCamera: addCamera.open });
const announcer = createAnnouncer(at('announcer'));
const widgets = [header, banner, empty, grid, aside, menu, addCamera, objects, announcer];

/** @type {import('../lib/views.js').View|null} */
let next = null;

/**
 * Once a frame at most, and not at all while the tab is hidden: figures of many cameras arrive together.
 * @param {import('../lib/views.js').View} view
 */
function renderSoon(view) {
  if (next === null) requestAnimationFrame(renderNow);
  next = view;
}

function renderNow() {
  const view = next;
  next = null;
  if (view) render(view);
}

/** @param {import('../lib/views.js').View} view */
function render(view) {
  document.body.classList.toggle('is-lost', view.link === 'lost');
  live.hold(view.aligned ? view.holdBack_s : 0);
  document.body.classList.toggle('is-aside-hidden', view.asideHidden);
  widgets.forEach((widget) => widget.setState(view));
  sum();
}

/** The header says what the tiles say, in the same moment. */
function sum() {
  header.setCounts(grid.counts());
}

/** @param {any} message of the hub */
function receive(message) {
  switch (message.type) {
    case 'hello': store.hello(message); grid.tick(live.now()); break;
    case 'cameras': store.update(message.cameras); break;
    case 'gone': store.gone(message.camera); break;
    // The page must know first what is asked for: it shows no other results.
    case 'result': renderNow(); grid.result(message); sum(); break;
    case 'status': store.setStatus(message); break;
    case 'error': console.warn(`The hub did not understand this page: ${message.message}`); break;
    default: break;
  }
}

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !menu.isOpen() && !document.querySelector('dialog[open]')) actions.enlarge(null);
});
setInterval(() => {
  grid.tick(live.now());
  sum();
}, TICK_MS);
// For measurements and tests.
Object.assign(window, {
  convergecast: {
    stats: () => grid.stats(live.now()),
    clock: live.now,
    /** @param {string} camera */
    record: (camera) => live.tell(camera),
    recorded,
  },
});
store.changed();
live.open();
