// The composition root of the page Faces: the known people, today's matches, and what is kept.

import { api } from '../lib/api.js';
import { at, el, setHidden } from '../lib/dom.js';
import { ignoreOtherFiles } from '../lib/drop.js';
import { createGallery } from '../lib/gallery.js';
import { createLive } from '../lib/live.js';
import { peopleChange } from '../lib/people.js';
import { liveUrl } from '../lib/root.js';
import { createStore } from '../lib/store.js';
import { createBanner } from '../widgets/banner.js';
import { createChanges } from '../widgets/changes.js';
import { createDistances } from '../widgets/distances.js';
import { createEnrol } from '../widgets/enrol.js';
import { createFaceSettings } from '../widgets/facesettings.js';
import { createHeader } from '../widgets/header.js';
import { createInView } from '../widgets/inview.js';
import { createMenu } from '../widgets/menu.js';
import { createPeople } from '../widgets/people.js';
import { createSightings } from '../widgets/sightings.js';
import { createUnknown } from '../widgets/unknown.js';

const REFRESH_MS = 10000;
const main = at('faces');
const store = createStore(render);
const live = createLive({
  url: liveUrl(),
  onMessage: receive,
  onDrawn: (camera, drawn) => [enrol, inView].forEach((widget) => widget.drawn(camera, drawn)),
  onLink: store.setLink,
  mayReturn: api.signedIn,
});
const gallery = createGallery({ now: live.now, onChange: store.changed });

/** @param {string} name */
const part = (name) => main.appendChild(el('section', { class: `part ${name}`, 'data-testid': name }));
const menu = createMenu();
const settings = createFaceSettings(part('meaning-part'), { gallery });
const enrol = createEnrol({ gallery, live, onWatch: watchOther });
const parts = { gallery, menu, onEnrol: addFaces };
const unknown = createUnknown(part('unknown-part'), parts);
const sightings = createSightings(part('sightings-part'), { gallery });
const people = createPeople(part('people-part'), parts);
const inView = createInView(part('in-view-part'), { ...parts, live, onWatch: watch });
const distances = createDistances(part('distances-part'), { gallery });
const changesPart = part('changes-part');
const changes = createChanges(changesPart, {
  kinds: ['person', 'unknown-face', 'settings'],
  note: 'Newest first. The log stores no names, so a forgotten person has no name here.',
  words: peopleChange,
  known: (/** @type {import('../lib/views.js').FacesView} */ view) => view.people,
});
const header = createHeader(at('header'), {
  actions: null, version: main.dataset.version, onAligned: store.setAligned, page: 'faces',
});
const banner = createBanner(at('banner'));
const widgets = [header, banner, settings, people, inView, unknown, sightings, distances, changes, enrol, menu];
let watched = '[]';

/** @param {import('../lib/views.js').View} view */
function render(view) {
  document.body.classList.toggle('is-lost', view.link === 'lost');
  live.hold(view.aligned ? view.holdBack_s : 0);
  const all = { ...view, ...gallery.state(), now_s: live.now() };
  setHidden(changesPart, !all.settings);
  widgets.forEach((widget) => widget.setState(all));
}

/**
 * The hub refuses enrolment while recognition is off: so the page says it before the viewer fills in a form.
 * @param {import('../widgets/enrol.js').Wish} [wish]
 */
function addFaces(wish) {
  if (gallery.state().settings?.recognition) enrol.open(wish);
  else settings.point();
}

/** @param {any} message of the hub */
function receive(message) {
  switch (message.type) {
    case 'hello': store.hello(message); gallery.refresh(); break;
    case 'cameras': store.update(message.cameras); break;
    case 'gone': store.gone(message.camera); break;
    case 'status': store.setStatus(message); break;
    case 'error': console.warn(`The hub did not understand this page: ${message.message}`); break;
    default: break;
  }
}

function watch() {
  const cameras = [inView.watched(), enrol.watched()].filter((camera) => camera !== null);
  const now = JSON.stringify(cameras);
  if (now === watched) return;
  watched = now;
  live.watch(cameras);
}

/** A camera is drawn in one place at a time, and the dialog is above the page. */
function watchOther() {
  inView.setPaused(enrol.watched() !== null);
  watch();
}

const refresh = () => { if (!document.hidden) gallery.refresh(); };
document.addEventListener('visibilitychange', refresh);
setInterval(refresh, REFRESH_MS);
ignoreOtherFiles();
store.changed();
live.open();
