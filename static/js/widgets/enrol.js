// @ts-nocheck
// Adds a person, or pictures to one: from files, from a camera now in view, from faces that nobody knew.

import { opener } from '../lib/dialog.js';
import { el, keyed, setAttr, setHidden, setText } from '../lib/dom.js';
import { takeFiles } from '../lib/drop.js';
import { count } from '../lib/format.js';
import { createFacePicker } from './facepicker.js';
import { createSources } from './sources.js';

const NEW = '';
const LONGEST_NAME = 80;
const LONGEST_RECORDER = 80;
const MOST_BYTES = 59e6; // of one form; the hub takes 60 MB

/**
 * @param {object} parts
 * @param {ReturnType<import('../lib/live.js').createLive>} parts.live
 * @param {() => void} parts.onWatch  another camera, or none, is wanted
 */
export function createEnrol({ gallery, live, onWatch }) {
  const title = el('h2', {});
  const who = el('select', { class: 'field', id: 'enrol-who', 'data-testid': 'enrol-who', onchange: () => render() });
  const whoPart = el('div', { class: 'form' }, el('label', { for: 'enrol-who' }, 'Who is it?'), who);
  const name = el('input', { type: 'text', class: 'field', id: 'enrol-name', maxLength: LONGEST_NAME, autocomplete: 'off', dir: 'auto', 'data-testid': 'enrol-name' });
  const consent = el('input', { type: 'checkbox', class: 'check', 'data-testid': 'enrol-consent' });
  const recorder = el('input', { type: 'text', class: 'field', id: 'enrol-by', maxLength: LONGEST_RECORDER, autocomplete: 'name', 'data-testid': 'enrol-by' });
  const newcomer = el('div', { class: 'form' }, el('label', { for: 'enrol-name' }, 'Name'), name,
    el('label', { class: 'check-row' }, consent, el('span', {}, 'This person has agreed to be recognised here')),
    el('label', { for: 'enrol-by' }, 'Who gave or recorded this consent'), recorder);
  const sources = createSources({ unknownUrl: gallery.unknownUrl, onChange: () => render() });
  const file = el('input', { type: 'file', class: 'sr-only', accept: 'image/jpeg,image/png', multiple: true, tabIndex: -1, 'aria-hidden': 'true', 'data-testid': 'enrol-files' });
  const picker = createFacePicker({
    label: 'Camera', live, onWatch,
    onPick: ({ camera, face, preview }) => { sources.setLive({ camera, track_id: face?.track_id ?? null, preview }); showPicker(false); fromCamera.focus(); },
  });
  const fromFile = el('button', { type: 'button', class: 'button', 'data-testid': 'enrol-choose', onclick: () => file.click() }, 'Choose pictures…');
  const fromCamera = el('button', { type: 'button', class: 'button', 'data-testid': 'enrol-camera', 'aria-expanded': 'false', onclick: () => showPicker(!picking) }, 'From a camera');
  const hint = el('p', { class: 'quiet small' }, 'Two or three clear pictures are enough: the face from the front, in good light, and only one in each. Files can be dropped here.');
  const problem = el('p', { class: 'problem', role: 'alert', 'data-testid': 'enrol-problem', hidden: true });
  const done = el('p', { class: 'small', role: 'status', 'data-testid': 'enrol-done', hidden: true });
  const cancel = el('button', { type: 'button', class: 'button', 'data-testid': 'enrol-close', onclick: () => dialog.close() });
  const submit = el('button', { type: 'submit', class: 'button primary', 'data-testid': 'enrol-submit' });
  const dialog = el('dialog', { class: 'dialog wide enrol', 'data-testid': 'enrol-dialog' },
    el('form', { class: 'enrol-form', noValidate: true, onsubmit: (event) => { event.preventDefault(); send(); } },
      title, whoPart, newcomer,
      el('div', { class: 'drop' }, sources.element, hint, el('div', { class: 'row' }, fromFile, fromCamera, file), picker.element),
      problem, done, el('div', { class: 'row end' }, cancel, submit)));
  const options = new Map();
  /** @type {import('../lib/views.js').FacesView|null} */
  let view = null;
  /** @type {import('../lib/types.js').Person|null} */
  let person = null;
  let picking = false;
  let busy = false;
  // What is still on its way from an earlier opening has no say in this one.
  let openings = 0;
  let added = false;
  // Whether it began with faces, which may be somebody's who is known.
  let given = false;

  picker.element.hidden = true;
  takeFiles(dialog, sources.addFiles);
  file.addEventListener('change', () => { sources.addFiles([...file.files]); file.value = ''; });
  const show = opener(dialog, () => { showPicker(false); sources.clear(); });

  /** @param {{person?: object, files?: File[], unknown?: object[], live?: object}} [wish] */
  function open(wish = {}) {
    show();
    openings += 1;
    person = wish.person ?? null;
    added = false;
    given = Boolean(wish.unknown || wish.live);
    name.value = '';
    who.value = NEW;
    consent.checked = false;
    say(problem, '');
    say(done, '');
    sources.addFiles(wish.files ?? []);
    sources.addUnknown(wish.unknown ?? []);
    if (wish.live) sources.setLive(wish.live);
    render();
    (isNew() ? name : fromFile).focus();
  }

  const chosen = () => person ?? view?.people?.find(({ id }) => id === who.value) ?? null;
  const isNew = () => chosen() === null;
  const isOffered = () => person === null && given && (view?.people?.length ?? 0) > 0;

  function showPicker(on) {
    picking = on;
    setHidden(picker.element, !on);
    setAttr(fromCamera, 'aria-expanded', on);
    picker.setShown(on);
  }

  function render() {
    setHidden(whoPart, !isOffered());
    setHidden(newcomer, !isNew());
    setText(title, isNew() ? 'Add a person' : `Add pictures of ${chosen().name}`);
    setAttr(dialog, 'aria-label', title.textContent);
    setText(submit, busy ? 'Looking at the pictures…' : isNew() ? 'Add this person' : 'Add');
    setText(cancel, added ? 'Done' : 'Cancel');
    submit.disabled = busy || sources.number() === 0;
  }

  async function send() {
    const lacking = missing();
    say(problem, lacking);
    if (busy || lacking) return;
    const opening = openings;
    busy = true;
    say(done, '');
    showPicker(false);
    render();
    try {
      const answer = await (isNew() ? gallery.addPerson(form()) : gallery.addFaces(chosen().id, form()));
      if (opening === openings) answered(answer);
    } catch (error) {
      if (opening === openings) refuse(error);
    }
    busy = false;
    render();
  }

  function refuse(error) {
    const refused = error.answer?.pictures ?? [];
    const rest = sources.refuse(refused);
    say(problem, [error.message, ...rest.map(({ file: of, verdict }) => `${of}: ${verdict}.`)].join(' '));
  }

  /** What is missing yet, and the focus goes there. */
  function missing() {
    if (sources.bytes() > MOST_BYTES) return 'These pictures are too large together: please add them a few at a time.';
    if (!isNew()) return '';
    if (!name.value.trim()) { name.focus(); return 'Please give a name.'; }
    if (!consent.checked) { consent.focus(); return 'Please record that this person has agreed: without it nobody is added.'; }
    return '';
  }

  function form() {
    const data = new FormData();
    if (isNew()) {
      data.set('name', name.value.trim());
      data.set('consent', 'true');
      if (recorder.value.trim()) data.set('consent_by', recorder.value.trim());
    }
    sources.fill(data);
    return data;
  }

  /** All taken: nothing is left to ask. Else those that were refused stay, with the reasons. */
  function answered(answer) {
    const refused = answer.rejected ?? [];
    if (refused.length === 0) { dialog.close(); return; }
    const taken = sources.number() - refused.length;
    person = answer;
    added = true;
    const rest = sources.keepOnly(refused);
    say(done, `${count(taken, 'picture was', 'pictures were')} added; the others cannot be used.`);
    say(problem, rest.map(({ file: of, verdict }) => `${of}: ${verdict}.`).join(' '));
  }

  return {
    open,
    watched: picker.watched,
    pictures: picker.pictures,
    result: picker.result,
    /** @param {import('../lib/views.js').FacesView|null} next */
    setState(next) {
      view = next;
      picker.setCameras(view?.cameras ?? [], view?.options ?? []);
      const everyone = [{ id: NEW, name: 'Somebody new' }, ...(view?.people ?? [])];
      keyed(who, everyone, options, { key: ({ id }) => id, make: ({ id }) => ({ element: el('option', { value: id }) }), update: (row, each) => setText(row.element, each.name) });
      if (dialog.open) render();
    },
  };
}

function say(line, sentence) {
  setText(line, sentence);
  setHidden(line, sentence === '');
}
