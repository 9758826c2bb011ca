// One person: name, consent, pictures with a verdict on each, and the actions.

import { reason } from '../lib/api.js';
import { button, el, icon, iconButton, keyed, setHidden, setSentence, setText } from '../lib/dom.js';
import { takeFiles } from '../lib/drop.js';
import { clockTime, count } from '../lib/format.js';
import { personHue } from '../lib/people.js';
import { ROOT } from '../lib/root.js';
import { confirmLoss } from './menu.js';
import { createEventStrip } from './eventstrip.js';
import { createMergeDialog } from './merge.js';
import { createNameField } from './namefield.js';

/**
 * @typedef {import('../lib/types.js').Person} Person
 * @typedef {import('../lib/types.js').FacePicture} Picture
 * @typedef {{others: Person[], cameras: import('../lib/types.js').CameraView[], now_s: number}} Around
 */

const FEW = 8;
const SHOWN_CLIPS = 24;
const LAST_PICTURE = ' It is the last picture: without one, this person is not recognised.';
const SOURCES = { upload: 'from a file', camera: 'from a camera', unknown: 'from the unknown faces' };

/**
 * @param {object} parts
 * @param {Person} parts.person
 * @param {import('../lib/gallery.js').Gallery} parts.gallery
 * @param {import('./menu.js').Menu} parts.menu
 * @param {(wish: import('./enrol.js').Wish) => void} parts.onEnrol
 * @param {() => void} parts.onGone  the person was forgotten or merged: the focus goes elsewhere
 */
export function createPerson({ person: first, gallery, menu, onEnrol, onGone }) {
  const { id } = first;
  const name = createNameField({ onRename: (text) => attempt(gallery.rename(id, text)), onDone: () => more.focus() });
  const hue = el('span', { class: 'hue', 'aria-hidden': 'true' });
  const more = iconButton('more', 'More', {
    'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-testid': 'person-menu',
  });
  const facts = el('p', { class: 'quiet small', 'data-testid': 'person-facts' });
  const warning = el('p', { class: 'warning small', 'data-testid': 'person-warning', hidden: true });
  const problem = el('p', { class: 'problem', role: 'status', 'data-testid': 'person-problem', hidden: true });
  const list = el('ul', { class: 'pictures' });
  const all = button('', 'all-pictures', () => { showAll = !showAll; render(); }, 'link');
  const add = button([icon('plus'), 'Add pictures'], 'add-pictures', () => onEnrol({ person }));
  const element = el('li', { class: 'person', 'data-testid': 'person', 'data-person': id },
    el('div', { class: 'person-head' }, hue, el('span', { class: 'person-name' }, name.element), more),
    facts, warning, list, el('div', { class: 'row' }, add, el('span', { class: 'spring' }), all), problem);
  const rows = new Map();
  let person = first;
  /** @type {Around} */
  let around = { others: [], cameras: [], now_s: 0 };
  let showAll = false;

  hue.style.setProperty('--hue', `var(--hue-${personHue(id) + 1})`);
  takeFiles(element, (files) => onEnrol({ person, files }));
  more.addEventListener('click', () => menu.open(more, [
    { name: 'rename', label: 'Rename', icon: 'rename', run: name.edit },
    ...(around.others.length ? [{ name: 'merge', label: 'Merge into…', icon: 'people', run: merge }] : []),
    { name: 'forget', label: 'Forget…', icon: 'forget', danger: true, run: forget },
  ]));

  /** Shows beside the button why the hub refused. @param {Promise<unknown>} asked */
  async function attempt(asked) {
    setHidden(problem, true);
    try {
      await asked;
      if (!element.isConnected) onGone();
    } catch (error) {
      setSentence(problem, reason(error));
    }
  }

  async function forget() {
    setHidden(problem, true);
    const looks = await gallery.clipsOf(id).catch((error) => {
      setSentence(problem, `Nobody is forgotten yet: the clips cannot be listed. ${reason(error)}`);
      return null;
    });
    if (!looks) {
      more.focus();
      return;
    }
    const { clips, isAll } = looks;
    const hasClips = clips.length > 0 || !isAll;
    const strip = createEventStrip({
      label: 'Clips that show this person',
      url: gallery.eventUrl,
      href: (event) => `${ROOT}/events?event=${event.id}`,
    });
    strip.setEvents(clips.slice(0, SHOWN_CLIPS), around.now_s);
    const too = el('input', { type: 'checkbox', class: 'check', 'data-testid': 'forget-clips' });
    const many = isAll ? count(clips.length, 'clip', 'clips') : `${clips.length}+ clips`;
    const words = `Delete ${many} around each look at the face too, with the pictures of all people who were seen `
      + 'then. Other events of the same minutes lose their clips, except those that are kept. '
      + 'Kept looks at this face go too.';
    const sure = await confirmLoss({
      more: hasClips ? [strip.element, el('label', { class: 'check-row' }, too, words)] : [],
      title: `Forget “${person.name}”?`,
      what: `Forget this person: ${count(person.pictures.length, 'picture', 'pictures')} and the name on all records.`,
      yes: 'Forget this person',
    });
    if (sure) attempt(gallery.forget(id, hasClips && too.checked));
    else more.focus();
  }

  async function merge() {
    const into = await createMergeDialog(person, around.others);
    if (into) attempt(gallery.merge(into, id));
    else more.focus();
  }

  /** @param {Picture} picture */
  async function remove(picture) {
    const last = person.pictures.length === 1 ? LAST_PICTURE : '';
    const sure = await confirmLoss({
      title: 'Remove this picture?',
      what: `The hub no longer compares faces with it. This cannot be undone.${last}`,
      yes: 'Remove this picture',
    });
    if (sure) attempt(gallery.removeFace(id, picture.id)).then(() => add.focus());
  }

  /** @param {Picture} picture */
  function pictureRow(picture) {
    const image = el('img', { src: gallery.faceUrl(id, picture.id), alt: '', loading: 'lazy' });
    const verdict = el('span', { class: 'verdict', 'data-testid': 'verdict' });
    const off = iconButton('close', 'Remove this picture', {
      class: 'icon-button remove', 'data-testid': 'remove-picture', onclick: () => remove(picture),
    });
    const thumb = el('span', { class: 'thumb' }, image, off);
    return { element: el('li', { class: 'picture', 'data-testid': 'picture' }, thumb, verdict), verdict };
  }

  /** @param {ReturnType<typeof pictureRow>} row @param {Picture} picture */
  function updatePicture(row, picture) {
    row.element.classList.toggle('is-unused', !picture.used);
    setText(row.verdict, picture.used ? picture.verdict : `not used: ${picture.verdict}`);
    const source = SOURCES[picture.source] ?? picture.source;
    row.element.title = `Added ${clockTime(picture.added_at, around.now_s)}, ${source}`;
  }

  function render() {
    name.setState(person.name);
    more.setAttribute('aria-label', `More for ${person.name}`);
    add.setAttribute('aria-label', `Add pictures of ${person.name}`);
    setText(facts, factWords(person, around));
    setSentence(warning, sentence(person.warning ?? ''));
    const { pictures } = person;
    setHidden(all, pictures.length <= FEW);
    setText(all, showAll ? 'Show fewer' : `Show all ${pictures.length} pictures`);
    const shown = showAll ? pictures : pictures.slice(0, FEW);
    keyed(list, shown, rows, { key: (picture) => picture.id, make: pictureRow, update: updatePicture });
  }

  return {
    element,
    /** @param {Around & {person: Person}} next */
    setState(next) {
      ({ person, ...around } = next);
      render();
    },
  };
}

/** The hub's words as a sentence of their own. @param {string} words */
const sentence = (words) => (words ? `${words[0].toUpperCase()}${words.slice(1)}.` : '');

/**
 * "Consent recorded by Eva, 3 Oct 14:02 · last seen yesterday 18:40, Hall"
 * @param {Person} person @param {Around} around
 */
function factWords({ consent, last_seen: seen }, { cameras, now_s }) {
  const where = seen && (cameras.find((camera) => camera.id === seen.camera)?.name ?? '');
  const recorded = [consent.by && `by ${consent.by}`, clockTime(consent.at, now_s)].filter(Boolean).join(', ');
  const last = seen ? `last seen ${[clockTime(seen.at, now_s), where].filter(Boolean).join(', ')}` : 'not seen yet';
  return `Consent recorded ${recorded} · ${last}`;
}
