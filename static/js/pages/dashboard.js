// The composition root of the dashboard: every part is built and connected here.

import { createActions } from '../lib/actions.js';
import { addressOf, placeOf } from '../lib/address.js';
import { api } from '../lib/api.js';
import { at } from '../lib/dom.js';
import { createForgetting } from '../lib/forgetting.js';
import { createLive } from '../lib/live.js';
import { ROOT, liveUrl } from '../lib/root.js';
import { createStore } from '../lib/store.js';
import { createViewBook } from '../lib/viewbook.js';
import { createAddCameraDialog } from '../widgets/addcamera.js';
import { createAside } from '../widgets/aside.js';
import { createAnnouncer, createBanner } from '../widgets/banner.js';
import { createEmpty } from '../widgets/empty.js';
import { createEventsOfNow } from '../widgets/eventsofnow.js';
import { createGrid } from '../widgets/grid.js';
import { createHeader } from '../widgets/header.js';
import { confirmLoss, createMenu } from '../widgets/menu.js';
import { createObjectsDialog } from '../widgets/objects.js';
import { createKiosk } from '../widgets/kiosk.js';
import { createUndo } from '../widgets/undo.js';

const TICK_MS = 250;
const EVENTS_TICK_MS = 10_000;
const store = createStore(renderSoon);
const live = createLive({
  url: liveUrl(),
  onMessage: receive,
  onPictures(reports) {
    grid.pictures(reports, live.now());
    sum();
  },
  onDrawn: (camera, drawn) => recorded.push({ camera, ...drawn }),
  onLink: store.setLink,
  mayReturn: api.signedIn,
});
/**
 * What was drawn over which picture, while a test has it recorded.
 * @type {({camera: string} & import('../lib/views.js').Drawn)[]}
 */
const recorded = [];
/** @param {string} sentence @param {import('../widgets/aside.js').Notice} [more] */
const say = (sentence, more) => aside.say(sentence, more);
const book = createViewBook({ store, say, onGo: (view) => go({ view }) });
const undo = createUndo({ onUndo: () => forgetting.undo(), onDone: () => forgetting.finish() });
const forgetting = createForgetting({ store, say, offer: undo.offer });
const actions = createActions({
  store,
  say,
  pointAtCheckboxes: () => grid.pointAtCheckboxes(),
  book,
  go: (camera) => (camera === null ? leave() : go({ camera })),
  forgetting,
  confirmLoss,
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
const aside = createAside(at('aside'), {
  actions,
  menu,
  now: live.now,
  onAddCamera: addCamera.open,
  onView: (view) => go({ view }),
  onKiosk: (kiosk) => go({ view: store.view().viewName, kiosk }),
  onObjects: (ids) => objects.open(ids[0], ids.length > 1),
});
const eventsOfNow = createEventsOfNow(at('now'), {
  now: live.now, events: api.events, eventUrl: api.eventUrl, href: ({ id }) => `${ROOT}/events?event=${id}`,
});
const announcer = createAnnouncer(at('announcer'));
const kiosk = createKiosk({
  onView(view) {
    history.replaceState(history.state, '', addressOf({ ...here(), view }));
    arrive();
  },
  onLeave: () => go({ view: here().view }),
});
const widgets = [header, banner, empty, grid, aside, menu, addCamera, objects, announcer, kiosk];

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
  live.layers(view.layers);
  live.hold(view.aligned ? view.holdBack_s : 0);
  document.body.classList.toggle('is-aside-hidden', view.asideHidden);
  document.body.classList.toggle('is-camera', view.enlarged !== null);
  widgets.forEach((widget) => widget.setState(view));
  if (view.enlarged !== null) tellDetails();
  sum();
}

let detailed = false;
/** @type {ReturnType<typeof import('../widgets/details.js').createDetails>|null} */
let details = null;

/** What is told of an open camera is loaded with the first one that is opened. */
async function tellDetails() {
  if (detailed) return;
  detailed = true;
  const { createDetails } = await import('../widgets/details.js');
  details = createDetails(at('stage'), {
    now: live.now,
    minutes: api.minutes,
    events: api.events,
    eventUrl: api.eventUrl,
    onObjects: objects.open,
    onRename: ({ id }) => grid.rename(id),
  });
  widgets.push(details);
  details.setState(store.view());
}

/** The header says what the tiles say, in the same moment. */
function sum() {
  header.setCounts(grid.counts());
}

/** @param {any} message of the hub */
function receive(message) {
  switch (message.type) {
    case 'hello': store.hello(message); grid.tick(live.now()); book.load(); eventsOfNow.load(); break;
    case 'cameras': store.update(message.cameras); break;
    case 'gone': store.gone(message.camera); break;
    // The page must know first what is asked for: it shows no other results.
    case 'result': renderNow(); grid.result(message); sum(); break;
    case 'status': store.setStatus(message); break;
    case 'event': details?.told(message); eventsOfNow.told(); break;
    case 'error': console.warn(`The hub did not understand this page: ${message.message}`); break;
    default: break;
  }
}

/** Every view and every camera has its address, so that Back, a reload and a bookmark lead there. */
const here = () => placeOf(location.pathname, location.search);

/** @param {Partial<import('../lib/address.js').Place>} place */
function go(place) {
  history.pushState({ from: here() }, '', addressOf(place));
  arrive();
}

/** From a camera to where it was opened; one that was opened by its address leads to all cameras. */
function leave() {
  const { camera, kiosk: seconds, view } = here();
  if (camera === null && seconds === null) return;
  if (camera === null) go({ view });
  else if (history.state?.from) history.back();
  else go({});
}

function arrive() {
  const before = store.view().enlarged;
  store.goTo(here());
  kiosk.show(here().kiosk);
  if (before !== null && here().camera === null) requestAnimationFrame(() => grid.focus(before));
}

window.addEventListener('popstate', arrive);
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !menu.isOpen() && !document.querySelector('dialog[open]')) actions.leave();
});
setInterval(() => {
  grid.tick(live.now());
  sum();
}, TICK_MS);
setInterval(() => eventsOfNow.tick(live.now()), EVENTS_TICK_MS);
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
arrive();
live.open();
