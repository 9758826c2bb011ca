// Adds a person, or pictures of one: from files, from a camera, from unknown faces.

import { answerOf, reason } from '../lib/api.js';
import { opener } from '../lib/dialog.js';
import { button, el, keyed, setAttr, setHidden, setSentence, setText } from '../lib/dom.js';
import { takeFiles } from '../lib/drop.js';
import { count } from '../lib/format.js';
import { createFacePicker } from './facepicker.js';
import { createSources } from './sources.js';

/**
 * @typedef {import('../lib/types.js').Person} Person
 *
 * @typedef {object} Wish  what the dialog begins with
 * @property {Person} [person]
 * @property {File[]} [files]
 * @property {import('../lib/types.js').UnknownFace[]} [unknown]
 * @property {import('./sources.js').LiveFace} [live]
 */

const NEW = '';
const LONGEST_NAME = 80;
const LONGEST_RECORDER = 80;
const KINDS = ['jpeg', 'png', 'webp', 'avif', 'bmp', 'tiff'].map((kind) => `image/${kind}`);
const MOST_BYTES = 59e6; // of one form; the hub takes 60 MB
const HINT = 'Two or three clear pictures are enough: one face in each, seen from the front, in good light. '
  + 'You can also drop files here.';

/**
 * @param {object} parts
 * @param {import('../lib/gallery.js').Gallery} parts.gallery
 * @param {ReturnType<typeof import('../lib/live.js').createLive>} parts.live
 * @param {() => void} parts.onWatch  another camera, or none, is wanted
 */
export function createEnrol({ gallery, live, onWatch }) {
  /** @param {string} id @param {Object<string, any>} props */
  const textField = (id, props) => el('input', { type: 'text', class: 'field', id, 'data-testid': id, ...props });
  /** @param {string} testid @param {Object<string, any>} props */
  const line = (testid, props) => el('p', { 'data-testid': testid, hidden: true, ...props });

  const title = el('h2', {});
  const who = el('select', { class: 'field', id: 'enrol-who', 'data-testid': 'enrol-who', onchange: () => render() });
  const whoPart = el('div', { class: 'form' }, el('label', { for: 'enrol-who' }, 'Who is it?'), who);
  const name = textField('enrol-name', { maxLength: LONGEST_NAME, autocomplete: 'off', dir: 'auto' });
  const consent = el('input', { type: 'checkbox', class: 'check', 'data-testid': 'enrol-consent' });
  const recorder = textField('enrol-by', { maxLength: LONGEST_RECORDER, autocomplete: 'name' });
  const newcomer = el('div', { class: 'form' }, el('label', { for: 'enrol-name' }, 'Name'), name,
    el('label', { class: 'check-row' }, consent, el('span', {}, 'This person has agreed to be recognised here')),
    el('label', { for: 'enrol-by' }, 'Who asked for this consent'), recorder);
  const sources = createSources({ unknownUrl: gallery.unknownUrl, onChange: () => render() });
  const file = el('input', {
    type: 'file', class: 'sr-only', accept: KINDS.join(','), multiple: true, tabIndex: -1, 'aria-hidden': 'true',
    'data-testid': 'enrol-files',
  });
  const picker = createFacePicker({ label: 'Camera', live, onWatch, onPick });
  const fromFile = button('Choose pictures…', 'enrol-choose', () => file.click());
  const fromCamera = button('From a camera', 'enrol-camera', () => showPicker(!picking));
  const hint = el('p', { class: 'quiet small' }, HINT);
  const problem = line('enrol-problem', { class: 'problem', role: 'alert' });
  const done = line('enrol-done', { class: 'small', role: 'status' });
  const cancel = button('Cancel', 'enrol-close', () => dialog.close());
  const submit = el('button', { type: 'submit', class: 'button primary', 'data-testid': 'enrol-submit' });
  const ways = el('div', { class: 'row' }, fromFile, fromCamera, file);
  const form = el('form', { class: 'enrol-form', noValidate: true },
    title, whoPart, newcomer, el('div', { class: 'drop' }, sources.element, hint, ways, picker.element),
    problem, done, el('div', { class: 'row end' }, cancel, submit));
  const dialog = el('dialog', { class: 'dialog wide enrol', 'data-testid': 'enrol-dialog' }, form);
  const options = new Map();
  /** @type {import('../lib/views.js').FacesView|null} */
  let view = null;
  /** @type {Person|null} */
  let person = null;
  let picking = false;
  let busy = false;
  // An answer to an earlier opening changes nothing in this one.
  let openings = 0;
  let added = false;
  // Whether it began with faces, which may be of a person who is known already.
  let given = false;

  picker.element.hidden = true;
  setAttr(fromCamera, 'aria-expanded', false);
  takeFiles(dialog, sources.addFiles);
  form.addEventListener('submit', (event) => { event.preventDefault(); send(); });
  file.addEventListener('change', () => { sources.addFiles([...file.files ?? []]); file.value = ''; });
  const show = opener(dialog, () => { showPicker(false); sources.clear(); });

  /** @param {Wish} [wish] */
  function open(wish = {}) {
    show();
    openings += 1;
    person = wish.person ?? null;
    added = false;
    given = Boolean(wish.unknown || wish.live);
    name.value = '';
    who.value = NEW;
    consent.checked = false;
    setSentence(problem, '');
    setSentence(done, '');
    sources.addFiles(wish.files ?? []);
    sources.addUnknown(wish.unknown ?? []);
    if (wish.live) sources.setLive(wish.live);
    render();
    (chosen() ? fromFile : name).focus();
  }

  /** The person whose pictures these are; null: a new one. */
  const chosen = () => person ?? view?.people?.find(({ id }) => id === who.value) ?? null;
  const isOffered = () => person === null && given && (view?.people?.length ?? 0) > 0;

  /** @param {import('./facepicker.js').Pick} pick */
  function onPick({ camera, face, preview }) {
    sources.setLive({ camera, track_id: face?.track_id ?? null, preview });
    showPicker(false);
    fromCamera.focus();
  }

  /** @param {boolean} on */
  function showPicker(on) {
    picking = on;
    setHidden(picker.element, !on);
    setAttr(fromCamera, 'aria-expanded', on);
    picker.setShown(on);
  }

  function render() {
    const known = chosen();
    setHidden(whoPart, !isOffered());
    setHidden(newcomer, known !== null);
    setText(title, known ? `Add pictures of ${known.name}` : 'Add a person');
    setAttr(dialog, 'aria-label', title.textContent);
    setText(submit, busy ? 'Checking the pictures…' : known ? 'Add' : 'Add this person');
    setText(cancel, added ? 'Done' : 'Cancel');
    submit.disabled = busy || sources.number() === 0;
  }

  async function send() {
    const lacking = missing();
    setSentence(problem, lacking);
    if (busy || lacking) return;
    const opening = openings;
    const known = chosen();
    busy = true;
    setSentence(done, '');
    showPicker(false);
    render();
    try {
      const answer = await (known ? gallery.addFaces(known.id, filled()) : gallery.addPerson(filled()));
      if (opening === openings) answered(answer);
    } catch (error) {
      if (opening === openings) refuse(error);
    }
    busy = false;
    render();
  }

  /** @param {unknown} error */
  function refuse(error) {
    const rest = sources.refuse(answerOf(error).pictures ?? []);
    setSentence(problem, [reason(error), ...rest.map(verdictOf)].join(' '));
  }

  /** Says what is missing yet, and puts the focus there. */
  function missing() {
    if (sources.bytes() > MOST_BYTES) return 'These pictures are too large for one request. Add fewer at a time.';
    if (chosen()) return '';
    if (!name.value.trim()) {
      name.focus();
      return 'Enter a name.';
    }
    if (consent.checked) return '';
    consent.focus();
    return 'Confirm that this person has agreed. Without consent, nobody is added.';
  }

  function filled() {
    const data = new FormData();
    if (!chosen()) {
      data.set('name', name.value.trim());
      data.set('consent', 'true');
      if (recorder.value.trim()) data.set('consent_by', recorder.value.trim());
    }
    sources.fill(data);
    return data;
  }

  /**
   * Closes if all were taken. Otherwise those that were refused stay, with the reasons.
   * @param {import('../lib/types.js').Enrolled} answer
   */
  function answered(answer) {
    const refused = answer.rejected ?? [];
    if (refused.length === 0) { dialog.close(); return; }
    const taken = sources.number() - refused.length;
    person = answer;
    added = true;
    const rest = sources.keepOnly(refused);
    setSentence(done, `${count(taken, 'picture was', 'pictures were')} added; the others cannot be used.`);
    setSentence(problem, rest.map(verdictOf).join(' '));
  }

  return {
    open,
    watched: picker.watched,
    drawn: picker.drawn,
    /** @param {import('../lib/views.js').FacesView|null} next */
    setState(next) {
      view = next;
      picker.setCameras(view?.cameras ?? [], view?.options ?? []);
      keyed(who, [{ id: NEW, name: 'New person' }, ...(view?.people ?? [])], options, {
        key: ({ id }) => id,
        make: ({ id }) => ({ element: el('option', { value: id }) }),
        update: (row, each) => setText(row.element, each.name),
      });
      if (dialog.open) render();
    },
  };
}

/** @param {import('./sources.js').Rejected} picture */
const verdictOf = ({ file, verdict }) => `${file}: ${verdict}.`;
