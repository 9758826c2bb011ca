// @ts-nocheck
// Faces that nobody knew, kept for a while if that is switched on: to be named, or dropped.

import { el, keyed, setAttr, setHidden, setText } from '../lib/dom.js';
import { clockTime, count } from '../lib/format.js';
import { createKeptFor } from './keptfor.js';
import { confirmLoss } from './menu.js';

const LONGEST_HOURS = 720;

/** @param {HTMLElement} root */
export function createUnknown(root, { gallery, onEnrol }) {
  const keep = el('input', { type: 'checkbox', role: 'switch', class: 'switch', 'aria-labelledby': 'unknown-title', 'data-testid': 'keep-unknown', onchange: switchKeeping });
  const explain = el('p', { class: 'quiet small' });
  const kept = createKeptFor({ gallery, setting: 'unknown_hours', most: LONGEST_HOURS, unit: 'hours', testid: 'unknown-hours', label: 'Kept for' });
  const problem = el('p', { class: 'problem', role: 'status', 'data-testid': 'unknown-problem', hidden: true });
  const list = el('ul', { class: 'tray', 'aria-label': 'Unknown faces' });
  const chosenWords = el('span', { class: 'numbers', role: 'status', 'data-testid': 'unknown-chosen' });
  const link = (label, testid, run) => el('button', { type: 'button', class: 'link', 'data-testid': testid, onclick: run }, label);
  const button = (label, testid, run, kind) => el('button', { type: 'button', class: `button ${kind}`, 'data-testid': testid, onclick: run }, label);
  const name = button('Name…', 'unknown-name', () => onEnrol({ unknown: faces.filter(({ id }) => chosen.has(id)) }), 'primary');
  const drop = button('Drop…', 'unknown-drop', () => dropChosen(), 'danger');
  const bar = el('div', { class: 'row tray-bar small' }, chosenWords, link('All', 'unknown-all', () => choose(faces)), el('span', { class: 'quiet', 'aria-hidden': 'true' }, '·'),
    link('None', 'unknown-none', () => choose([])), el('span', { class: 'spring' }), el('span', { class: 'tray-buttons' }, name, drop));
  root.append(el('div', { class: 'part-head' }, el('h2', { id: 'unknown-title' }, 'Unknown faces'), keep), explain, kept.element, bar, list, problem);
  const rows = new Map();
  const chosen = new Set();
  /** @type {import('../lib/types.js').UnknownFace[]} */
  let faces = [];
  let now_s = 0;

  async function set(fields) {
    setHidden(problem, true);
    try {
      await gallery.set(fields);
    } catch (error) {
      setText(problem, error.message);
      setHidden(problem, false);
    }
  }

  /** Switched off, the hub drops what it has kept: so it asks first, if there is anything. */
  async function switchKeeping() {
    const on = keep.checked;
    if (!on && faces.length && !(await confirmDrop(faces.length))) keep.checked = true;
    else set({ keep_unknown: on });
  }

  function choose(some) {
    chosen.clear();
    some.forEach(({ id }) => chosen.add(id));
    render();
  }

  async function dropChosen() {
    const ids = [...chosen];
    if (!(await confirmDrop(ids.length))) { drop.focus(); return; }
    setHidden(problem, true);
    try {
      await gallery.dropUnknown(ids);
    } catch (error) {
      setText(problem, error.message);
      setHidden(problem, false);
    }
    keep.focus();
  }

  function make({ id }) {
    const check = el('input', { type: 'checkbox', class: 'check', onchange: () => { chosen[check.checked ? 'add' : 'delete'](id); render(); } });
    const words = el('span', { class: 'verdict' });
    const image = el('img', { src: gallery.unknownUrl(id), alt: '', loading: 'lazy' });
    return { element: el('li', { 'data-testid': 'unknown-face', 'data-face': id }, el('label', { class: 'picture' }, el('span', { class: 'thumb' }, image, check), words)), check, words };
  }

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
    name.disabled = drop.disabled = chosen.size === 0;
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
    setText(explain, explainWords(settings, faces.length));
    for (const id of chosen) if (!faces.some((face) => face.id === id)) chosen.delete(id);
    render();
  }

  return { setState };
}

const confirmDrop = (number) => confirmLoss({
  title: `Drop ${count(number, 'unknown face', 'unknown faces')}?`, what: 'The pictures go for good; nobody can be named by them.', yes: 'Drop',
});

function explainWords(settings, number) {
  if (!settings?.keep_unknown) return 'While this is on, one picture of everyone whom nobody knows is kept for some hours, so that they can be named afterwards.';
  return number ? '' : 'Nobody unknown has been seen yet.';
}
