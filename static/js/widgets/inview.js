// @ts-nocheck
// Who is before a camera now; a wrong name is put right here.

import { el, setHidden, setText } from '../lib/dom.js';
import { isIdentifying } from '../lib/options.js';
import { createFacePicker } from './facepicker.js';

/**
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {(wish: object) => void} parts.onEnrol
 */
export function createInView(root, { gallery, menu, live, onWatch, onEnrol }) {
  const picker = createFacePicker({ label: 'Camera', live, onWatch, onPick });
  const said = el('p', { class: 'small', role: 'status', 'data-testid': 'in-view-said', hidden: true });
  const hint = el('p', { class: 'quiet small' }, 'Click a face to name it, or to say that it is somebody else.');
  root.append(el('h2', {}, 'In view now'), hint, picker.element, said);
  let view = null;
  let open = false;
  let paused = false;
  // What is out of sight need not be sent.
  new IntersectionObserver(([entry]) => { open = entry.isIntersecting; show(); }).observe(root);
  document.addEventListener('visibilitychange', () => show());

  function show() {
    picker.setShown(open && !paused && !document.hidden && !root.hidden);
  }

  function onPick({ camera, face, preview, button }) {
    const seen = { camera, track_id: face?.track_id ?? null, preview };
    const person = view.people?.find(({ id }) => id === (face?.person?.id ?? face?.identity?.id));
    const add = person
      ? { name: 'add', label: `Add this face to ${person.name}`, icon: 'plus', run: () => onEnrol({ person, live: seen }) }
      : { name: 'add', label: 'Who is this?', icon: 'plus', run: () => onEnrol({ live: seen }) };
    const correct = { name: 'not', label: `Not ${person?.name}`, icon: 'close', run: () => correctName(person, seen) };
    if (person && seen.track_id !== null) menu.open(button, [correct, add]);
    else add.run();
  }

  async function correctName(person, { camera, track_id }) {
    say('');
    try {
      await gallery.notThisPerson(person.id, camera.id, track_id);
      say(`Noted: this face is not ${person.name}.`);
    } catch (error) {
      say(error.message);
    }
  }

  function say(sentence) {
    setText(said, sentence);
    setHidden(said, sentence === '');
  }

  return {
    watched: picker.watched,
    pictures: picker.pictures,
    result: picker.result,
    /** A camera is drawn in one place at a time. */
    setPaused(value) { paused = value; show(); },
    /** @param {import('../lib/views.js').FacesView|null} next */
    setState(next) {
      view = next;
      const cameras = (view?.cameras ?? []).filter((camera) => isIdentifying(view.options, camera));
      setHidden(root, !view?.settings?.recognition || cameras.length === 0);
      picker.setCameras(cameras, view?.options ?? []);
      show();
    },
  };
}
