// Unknown faces, which the hub keeps for a while if that is switched on: to be named or deleted.

import { reason } from '../lib/api.js';
import { button, el, keyed, setAttr, setHidden, setSentence, setText } from '../lib/dom.js';
import { clockTime, count } from '../lib/format.js';
import { createKeptFor } from './keptfor.js';
import { confirmLoss } from './menu.js';

/** @typedef {import('../lib/types.js').UnknownFace} UnknownFace */

const LONGEST_HOURS = 720;
const WHAT_IT_DOES = 'While this is on, the hub keeps one picture of each unknown person for some hours, '
  + 'so that you can name them later.';

/**
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {import('../lib/gallery.js').Gallery} parts.gallery
 * @param {(wish: import('./enrol.js').Wish) => void} parts.onEnrol
 */
export function createUnknown(root, { gallery, onEnrol }) {
  const keep = el('input', {
    type: 'checkbox', role: 'switch', class: 'switch', 'aria-labelledby': 'unknown-title',
    'data-testid': 'keep-unknown', onchange: switchKeeping,
  });
  const explain = el('p', { class: 'quiet small' });
  const kept = createKeptFor({
    gallery, setting: 'unknown_hours', most: LONGEST_HOURS, unit: 'hours', testid: 'unknown-hours', label: 'Keep for',
  });
  const problem = el('p', { class: 'problem', role: 'status', 'data-testid': 'unknown-problem', hidden: true });
  const list = el('ul', { class: 'tray', 'aria-label': 'Unknown faces' });
  const chosenWords = el('span', { class: 'numbers', role: 'status', 'data-testid': 'unknown-chosen' });
  const name = button('Name…', 'unknown-name', () => onEnrol({ unknown: faces.filter(({ id }) => chosen.has(id)) }),
    'button primary');
  const drop = button('Delete…', 'unknown-drop', dropChosen, 'button danger');
  const bar = el('div', { class: 'row tray-bar small' }, chosenWords,
    button('All', 'unknown-all', () => choose(faces), 'link'),
    el('span', { class: 'quiet', 'aria-hidden': 'true' }, '·'),
    button('None', 'unknown-none', () => choose([]), 'link'),
    el('span', { class: 'spring' }), el('span', { class: 'tray-buttons' }, name, drop));
  const head = el('div', { class: 'part-head' }, el('h2', { id: 'unknown-title' }, 'Unknown faces'), keep);
  root.append(head, explain, kept.element, bar, list, problem);
  const rows = new Map();
  /** @type {Set<string>} */
  const chosen = new Set();
  /** @type {UnknownFace[]} */
  let faces = [];
  let now_s = 0;

  /** Shows why the hub refused. @param {Promise<unknown>} asked */
  async function attempt(asked) {
    setHidden(problem, true);
    try {
      await asked;
    } catch (error) {
      setSentence(problem, reason(error));
    }
  }

  /** When it is switched off, the hub deletes what it has kept: so the page asks first, if there is anything. */
  async function switchKeeping() {
    const on = keep.checked;
    if (!on && faces.length && !(await confirmDrop(faces.length))) keep.checked = true;
    else attempt(gallery.set({ keep_unknown: on }));
  }

  /** @param {UnknownFace[]} some */
  function choose(some) {
    chosen.clear();
    some.forEach(({ id }) => chosen.add(id));
    render();
  }

  async function dropChosen() {
    const ids = [...chosen];
    if (!(await confirmDrop(ids.length))) { drop.focus(); return; }
    await attempt(gallery.dropUnknown(ids));
    keep.focus();
  }

  /** @param {UnknownFace} face */
  function make({ id }) {
    const check = el('input', { type: 'checkbox', class: 'check', onchange: () => mark(id, check.checked) });
    const words = el('span', { class: 'verdict' });
    const image = el('img', { src: gallery.unknownUrl(id), alt: '', loading: 'lazy' });
    const label = el('label', { class: 'picture' }, el('span', { class: 'thumb' }, image, check), words);
    return { element: el('li', { 'data-testid': 'unknown-face', 'data-face': id }, label), check, words };
  }

  /** @param {string} id @param {boolean} on */
  function mark(id, on) {
    chosen[on ? 'add' : 'delete'](id);
    render();
  }

  /** @param {ReturnType<typeof make>} row @param {UnknownFace} face */
  function update({ element, check, words }, face) {
    check.checked = chosen.has(face.id);
    element.classList.toggle('is-chosen', check.checked);
    const where = `${face.camera_name ?? ''} ${clockTime(face.seen_at, now_s)}`.trim();
    setText(words, where);
    setAttr(check, 'aria-label', `Unknown face, ${where}`);
    element.title = face.flaws.length === 0 ? where : `${where}: ${face.verdict}`;
  }

  function render() {
    setHidden(bar, faces.length === 0);
    setText(chosenWords, chosen.size ? `${chosen.size} selected` : 'None selected');
    name.disabled = chosen.size === 0;
    drop.disabled = chosen.size === 0;
    keyed(list, faces, rows, { key: (face) => face.id, make, update });
  }

  /** @param {import('../lib/views.js').FacesView|null} view */
  function setState(view) {
    const settings = view?.settings;
    faces = view?.unknown ?? [];
    now_s = view?.now_s ?? 0;
    setHidden(root, !settings?.recognition && faces.length === 0);
    keep.checked = settings?.keep_unknown ?? false;
    keep.disabled = !settings?.recognition;
    kept.setState(settings);
    setHidden(kept.element, !settings?.keep_unknown);
    setText(explain, settings?.keep_unknown ? (faces.length ? '' : 'No unknown faces yet.') : WHAT_IT_DOES);
    for (const id of chosen) if (!faces.some((face) => face.id === id)) chosen.delete(id);
    render();
  }

  return { setState };
}

/** @param {number} number */
const confirmDrop = (number) => confirmLoss({
  title: `Delete ${count(number, 'unknown face', 'unknown faces')}?`,
  what: 'The pictures are deleted for good, and can no longer be named.',
  yes: 'Delete',
});
