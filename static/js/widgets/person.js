// @ts-nocheck
// One person: name, consent, pictures with what can be said of each, and what can be done.

import { el, icon, iconButton, keyed, setHidden, setText } from '../lib/dom.js';
import { takeFiles } from '../lib/drop.js';
import { clockTime, count } from '../lib/format.js';
import { personHue } from '../lib/people.js';
import { confirmLoss } from './menu.js';
import { createMergeDialog } from './merge.js';
import { createNameField } from './namefield.js';

const FEW = 8;

/** @param {{id: string, onGone: () => void}} parts  onGone: forgotten or merged; where the keyboard goes on then */
export function createPerson({ id, gallery, menu, onEnrol, onGone }) {
  const name = createNameField({ onRename: (text) => attempt(gallery.rename(id, text)), onDone: () => more.focus() });
  const hue = el('span', { class: 'hue', 'aria-hidden': 'true' });
  const more = iconButton('more', 'More', { 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-testid': 'person-menu' });
  const facts = el('p', { class: 'quiet small', 'data-testid': 'person-facts' });
  const warning = el('p', { class: 'warning small', 'data-testid': 'person-warning', hidden: true });
  const problem = el('p', { class: 'problem', role: 'status', 'data-testid': 'person-problem', hidden: true });
  const list = el('ul', { class: 'pictures' });
  const all = el('button', { type: 'button', class: 'link', 'data-testid': 'all-pictures', hidden: true, onclick: () => { showAll = !showAll; render(); } });
  const add = el('button', { type: 'button', class: 'button', 'data-testid': 'add-pictures', onclick: () => onEnrol({ person }) }, icon('plus'), 'Add pictures');
  const element = el('li', { class: 'person', 'data-testid': 'person', 'data-person': id },
    el('div', { class: 'person-head' }, hue, el('span', { class: 'person-name' }, name.element), more),
    facts, warning, list, el('div', { class: 'row' }, add, el('span', { class: 'spring' }), all), problem);
  const rows = new Map();
  /** @type {import('../lib/types.js').Person} */
  let person = null;
  let around = { others: [], cameras: [], now_s: 0 };
  let showAll = false;

  hue.style.setProperty('--hue', `var(--hue-${personHue(id) + 1})`);
  takeFiles(element, (files) => onEnrol({ person, files }));
  more.addEventListener('click', () => menu.open(more, [
    { name: 'rename', label: 'Rename', icon: 'rename', run: name.edit },
    ...(around.others.length ? [{ name: 'merge', label: 'Merge into…', icon: 'people', run: merge }] : []),
    { name: 'forget', label: 'Forget…', icon: 'forget', danger: true, run: forget },
  ]));

  /** Says near the hand why the hub refused. @param {Promise<any>} asked */
  async function attempt(asked) {
    setHidden(problem, true);
    try {
      await asked;
      if (!element.isConnected) onGone();
    } catch (error) {
      setText(problem, error.message);
      setHidden(problem, false);
    }
  }

  async function forget() {
    const sure = await confirmLoss({
      title: `Forget “${person.name}”?`,
      what: `Forget this person: ${count(person.pictures.length, 'picture', 'pictures')} and the name on all records.`,
      yes: 'Forget this person',
    });
    if (sure) attempt(gallery.forget(id));
    else more.focus();
  }

  async function merge() {
    const into = await createMergeDialog(person, around.others);
    if (into) attempt(gallery.merge(into, id));
    else more.focus();
  }

  async function remove(picture) {
    const last = person.pictures.length === 1 ? ' It is the last one: without a picture this person is not recognised.' : '';
    const sure = await confirmLoss({ title: 'Remove this picture?', what: `It is no longer compared with anybody, and cannot be brought back.${last}`, yes: 'Remove this picture' });
    if (sure) attempt(gallery.removeFace(id, picture.id)).then(() => add.focus());
  }

  function pictureRow(picture) {
    const image = el('img', { src: gallery.faceUrl(id, picture.id), alt: '', loading: 'lazy' });
    const verdict = el('span', { class: 'verdict', 'data-testid': 'verdict' });
    const off = iconButton('close', 'Remove this picture', { class: 'icon-button remove', 'data-testid': 'remove-picture', onclick: () => remove(picture) });
    return { element: el('li', { class: 'picture', 'data-testid': 'picture' }, el('span', { class: 'thumb' }, image, off), verdict), verdict };
  }

  function updatePicture(row, picture) {
    row.element.classList.toggle('is-unused', !picture.used);
    setText(row.verdict, picture.used ? picture.verdict : `not used: ${picture.verdict}`);
    row.element.title = `Added ${clockTime(picture.added_at, around.now_s)}, ${SOURCES[picture.source] ?? picture.source}`;
  }

  function render() {
    name.setState(person.name);
    more.setAttribute('aria-label', `More for ${person.name}`);
    add.setAttribute('aria-label', `Add pictures of ${person.name}`);
    setText(facts, factWords(person, around));
    setText(warning, sentence(person.warning ?? ''));
    setHidden(warning, !person.warning);
    const number = person.pictures.length;
    setHidden(all, number <= FEW);
    setText(all, showAll ? 'Fewer' : `All ${number} pictures`);
    keyed(list, showAll ? person.pictures : person.pictures.slice(0, FEW), rows, { key: (picture) => picture.id, make: pictureRow, update: updatePicture });
  }

  return {
    element,
    setState(next) {
      ({ person, ...around } = next);
      render();
    },
  };
}

const SOURCES = { upload: 'from a file', camera: 'from a camera', unknown: 'from the faces nobody knew' };

/** What the hub says in passing, as it stands alone. */
const sentence = (words) => (words ? `${words[0].toUpperCase()}${words.slice(1)}.` : '');

/** "Consent recorded by Eva, 3 Oct 14:02 · last seen yesterday 18:40, Hall" */
function factWords({ consent, last_seen: seen }, { cameras, now_s }) {
  const where = seen && (cameras.find((camera) => camera.id === seen.camera)?.name ?? '');
  return [
    consent ? `Consent recorded ${[consent.by && `by ${consent.by}`, clockTime(consent.at, now_s)].filter(Boolean).join(', ')}` : 'No consent recorded',
    seen ? `last seen ${[clockTime(seen.at, now_s), where].filter(Boolean).join(', ')}` : 'not seen yet',
  ].join(' · ');
}
