// Who is before a camera now; a wrong name is put right here.

import { reason } from '../lib/api.js';
import { el, setHidden, setText } from '../lib/dom.js';
import { isIdentifying } from '../lib/options.js';
import { createFacePicker } from './facepicker.js';

/**
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {import('../lib/gallery.js').Gallery} parts.gallery
 * @param {import('./menu.js').Menu} parts.menu
 * @param {ReturnType<typeof import('../lib/live.js').createLive>} parts.live
 * @param {() => void} parts.onWatch  another camera, or none, is wanted
 * @param {(wish: import('./enrol.js').Wish) => void} parts.onEnrol
 */
export function createInView(root, { gallery, menu, live, onWatch, onEnrol }) {
  const picker = createFacePicker({ label: 'Camera', live, onWatch, onPick });
  const said = el('p', { class: 'small', role: 'status', 'data-testid': 'in-view-said', hidden: true });
  const hint = el('p', { class: 'quiet small' }, 'Click a face to name it, or to say that it is another person.');
  root.append(el('h2', {}, 'In view now'), hint, picker.element, said);
  /** @type {import('../lib/views.js').FacesView|null} */
  let view = null;
  let open = false;
  let paused = false;
  // What is out of sight need not be sent.
  new IntersectionObserver(([entry]) => { open = entry.isIntersecting; show(); }).observe(root);
  document.addEventListener('visibilitychange', () => show());

  function show() {
    picker.setShown(open && !paused && !document.hidden && !root.hidden);
  }

  /** @param {import('./facepicker.js').Pick} pick */
  function onPick({ camera, face, preview, button }) {
    const seen = { camera, track_id: face?.track_id ?? null, preview };
    const person = view?.people?.find(({ id }) => id === (face?.person?.id ?? face?.identity?.id));
    const add = person
      ? { label: `Add this face to ${person.name}`, run: () => onEnrol({ person, live: seen }) }
      : { label: 'Who is this?', run: () => onEnrol({ live: seen }) };
    if (!person || seen.track_id === null) { add.run(); return; }
    const run = () => correctName(person, seen);
    menu.open(button, [
      { name: 'not', label: `Not ${person.name}`, icon: 'close', run },
      { name: 'add', icon: 'plus', ...add },
    ]);
  }

  /** @param {import('../lib/types.js').Person} person @param {import('./sources.js').LiveFace} seen */
  async function correctName(person, { camera, track_id }) {
    say('');
    try {
      await gallery.notThisPerson(person.id, camera.id, track_id);
      say(`Noted: this face is not ${person.name}.`);
    } catch (error) {
      say(reason(error));
    }
  }

  /** @param {string} sentence */
  function say(sentence) {
    setText(said, sentence);
    setHidden(said, sentence === '');
  }

  return {
    watched: picker.watched,
    drawn: picker.drawn,
    /** A camera is drawn in one place at a time. */
    /** @param {boolean} value */
    setPaused(value) { paused = value; show(); },
    /** @param {import('../lib/views.js').FacesView|null} next */
    setState(next) {
      view = next;
      const options = view?.options ?? [];
      const cameras = (view?.cameras ?? []).filter((camera) => isIdentifying(options, camera));
      setHidden(root, !view?.settings?.recognition || cameras.length === 0);
      picker.setCameras(cameras, options);
      show();
    },
  };
}
