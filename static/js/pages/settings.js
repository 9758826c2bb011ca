// The composition root of the page Settings: what may change while the hub runs, and what this browser remembers.

import { api, reason } from '../lib/api.js';
import { at, el, setSentence } from '../lib/dom.js';
import { createPage } from '../lib/page.js';
import { ROOT } from '../lib/root.js';
import { createKeptFor } from '../widgets/keptfor.js';

const main = at('settings');
const trouble = el('p', { class: 'problem', role: 'status', hidden: true, 'data-testid': 'settings-trouble' });
/** @type {import('../lib/types.js').Settings|null} */
let settings = null;

/** The hub's answer is what is shown, also after a refusal. */
const book = {
  /** @param {Partial<import('../lib/types.js').Settings>} fields */
  async set(fields) {
    settings = await api.setFaceSettings(fields);
    show();
  },
};

/** @param {string} label @param {string} testid @param {(on: boolean) => void|Promise<void>} change */
function createSwitch(label, testid, change) {
  const check = el('input', { type: 'checkbox', role: 'switch', class: 'switch', 'data-testid': testid });
  let isAsking = false;
  check.addEventListener('change', async () => {
    setSentence(trouble, '');
    isAsking = true;
    try {
      await change(check.checked);
    } catch (error) {
      setSentence(trouble, reason(error));
    }
    isAsking = false;
    show();
  });
  /** What the viewer has just chosen stays until the hub has answered. @param {boolean} on */
  const put = (on) => { if (!isAsking) check.checked = on; };
  return { check, put, element: el('label', { class: 'main-switch' }, el('span', {}, label), check) };
}

const recognition = createSwitch('Face recognition', 'setting-recognition', (on) => book.set({ recognition: on }));
const kept = [
  createKeptFor({
    gallery: /** @type {any} */ (book), setting: 'unknown_hours', most: 720, unit: 'hours', testid: 'setting-unknown',
    label: 'Keep unknown faces for',
  }),
  createKeptFor({
    gallery: /** @type {any} */ (book), setting: 'sightings_days', most: 366, unit: 'days', testid: 'setting-sightings',
    label: 'Keep visits for',
  }),
];
const aligned = createSwitch('Pictures wait for their boxes', 'setting-aligned', (on) => page.store.setAligned(on));
/** @type {[keyof import('../lib/views.js').Layers, string][]} */
const LAYERS = [['boxes', 'Draw boxes'], ['points', 'Draw points'], ['names', 'Draw names']];
const layers = LAYERS.map(([name, label]) => ({
  name,
  ...createSwitch(label, `setting-${name}`, (on) => page.store.setLayers({ ...page.view().layers, [name]: on })),
}));

/** @param {string} title @param {string} words @param {...Node} parts */
const section = (title, words, ...parts) => main.append(
  el('section', { class: 'part' }, el('h2', {}, title), el('p', { class: 'quiet small' }, words), ...parts),
);
main.append(trouble);
section('Recognition', 'Applies to all cameras, at once.', recognition.element, ...kept.map(({ element }) => element),
  el('p', { class: 'small' }, 'People, consent and thresholds are on the page ',
    el('a', { href: `${ROOT}/faces` }, 'Faces'), '.'));
section('This browser', 'How pictures are shown here. Other browsers are not changed.', aligned.element,
  ...layers.map(({ element }) => element));
section('What needs a restart', 'Address, port, models, device and limits are read when the hub starts: from its '
  + 'configuration file, the environment and the command line.');

const page = createPage({ main, name: 'settings', render: () => show() });

function show() {
  recognition.check.disabled = settings === null || settings.recognition_allowed === false;
  recognition.put(settings?.recognition ?? false);
  kept.forEach((each) => each.setState(settings));
  const view = page.view();
  aligned.put(view.aligned);
  layers.forEach(({ name, put }) => put(view.layers[name]));
}

async function load() {
  try {
    settings = await api.faceSettings();
    setSentence(trouble, '');
  } catch (error) {
    setSentence(trouble, reason(error));
  }
  show();
}

document.addEventListener('visibilitychange', () => { if (!document.hidden) load(); });
load();
