// The composition root of the dashboard: every part is built and joined here.

import { createActions, SELECT_FIRST } from '../lib/actions.js';
import { api } from '../lib/api.js';
import { createClock } from '../lib/clock.js';
import { createSocket } from '../lib/socket.js';
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
const at = (id) => document.getElementById(id);
const clock = createClock();
const store = createStore(render);
const socket = createSocket({
  url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live`,
  clock,
  onMessage: receive,
  onPicture: (header, jpeg) => grid.picture(header, jpeg),
  onLost: () => store.setLink('lost'),
  mayReturn: api.signedIn,
});
const actions = createActions({
  store,
  say: (sentence) => aside.say(sentence, sentence === SELECT_FIRST ? 'selected' : undefined),
  pointAtCheckboxes: () => grid.pointAtCheckboxes(),
});

const menu = createMenu();
const addCamera = createAddCameraDialog({ actions });
const objects = createObjectsDialog({ actions });
const header = createHeader(at('header'), { actions, version: at('app').dataset.version });
const banner = createBanner(at('banner'));
const empty = createEmpty(at('stage'), { actions });
const grid = createGrid(at('stage'), {
  actions,
  menu,
  onObjects: objects.open,
  acknowledge: (camera, seq) => socket.send({ type: 'ack', camera, seq }),
  onWatch: (cameras) => socket.send({ type: 'watch', cameras }),
});
const aside = createAside(at('aside'), { actions, onAddCamera: addCamera.open });
const announcer = createAnnouncer(at('announcer'));
const widgets = [header, banner, empty, grid, aside, menu, addCamera, objects, announcer];

/** @param {import('../lib/types.js').View} view */
function render(view) {
  document.body.classList.toggle('is-lost', view.link === 'lost');
  document.body.classList.toggle('is-aside-hidden', view.asideHidden);
  widgets.forEach((widget) => widget.setState(view));
}

function receive(message) {
  switch (message.type) {
    case 'hello': store.hello(message); grid.tick(clock.now()); break;
    case 'cameras': store.update(message.cameras); break;
    case 'gone': store.gone(message.camera); break;
    case 'result': grid.result(message); break;
    case 'status': store.setStatus(message); break;
    case 'error': console.warn(`The hub did not understand this page: ${message.message}`); break;
    default: break;
  }
}

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !menu.isOpen() && !document.querySelector('dialog[open]')) actions.enlarge(null);
});
setInterval(() => grid.tick(clock.now()), TICK_MS);
window.convergecast = { stats: () => grid.stats(clock.now()), clock: clock.now };
store.changed();
socket.open();
