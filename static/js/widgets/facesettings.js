// The switch of face recognition, and what it means.

import { reason } from '../lib/api.js';
import { el, setHidden, setSentence, setText } from '../lib/dom.js';
import { isIdentifying } from '../lib/options.js';
import { ROOT } from '../lib/root.js';

const MEANING = 'The hub measures each face and compares it with the people below. These measures are biometric data: '
  + 'many countries require the consent of everyone who is recognised, so tell the people in view. '
  + 'While this is off, the hub measures no face.';
const FORBIDDEN = 'The configuration of this hub does not allow face recognition (recognition_allowed). '
  + 'You can still forget people who are stored.';

/** @param {HTMLElement} root @param {{gallery: import('../lib/gallery.js').Gallery}} parts */
export function createFaceSettings(root, { gallery }) {
  const check = el('input', {
    type: 'checkbox', role: 'switch', class: 'switch', disabled: true, 'data-testid': 'recognition-switch',
    'aria-describedby': 'recognition-meaning',
  });
  const meaning = el('p', { class: 'quiet meaning', id: 'recognition-meaning' }, MEANING);
  const next = el('p', { class: 'small next', role: 'status', 'data-testid': 'recognition-next', hidden: true });
  const problem = el('p', { class: 'problem', role: 'status', 'data-testid': 'faces-problem', hidden: true });
  root.append(el('label', { class: 'main-switch' }, el('h1', {}, 'Face recognition'), check), meaning, next, problem);
  let said = '';
  check.addEventListener('change', () => attempt(check.checked));

  /** @param {boolean} recognition */
  async function attempt(recognition) {
    said = '';
    try {
      await gallery.set({ recognition });
    } catch (error) {
      said = reason(error);
      setSentence(problem, said);
    }
  }

  /** @param {import('../lib/views.js').FacesView|null} view */
  function setState(view) {
    const settings = view?.settings;
    const forbidden = settings?.recognition_allowed === false;
    check.disabled = !settings || forbidden;
    check.checked = settings?.recognition ?? false;
    setText(meaning, forbidden ? FORBIDDEN : MEANING);
    setNext(view);
    // The banner already says that the hub cannot be reached.
    setSentence(problem, said || (view?.link === 'live' && view.trouble) || '');
  }

  /** @param {import('../lib/views.js').FacesView|null} view */
  function setNext(view) {
    const ready = view?.settings?.recognition && view.link === 'live' && view.people?.length;
    const idle = ready && !view.cameras.some((camera) => isIdentifying(view.options, camera));
    setHidden(next, !idle);
    if (!idle || next.firstChild) return;
    const button = view.options.find(({ identifies }) => identifies)?.label ?? '';
    const there = el('a', { href: `${ROOT}/` }, 'Cameras');
    next.append('No camera recognises faces yet. Select cameras on the page ', there, `, then press ${button}.`);
  }

  return {
    setState,
    /** Points at the switch when the viewer asks for something that needs it. */
    point() {
      said = 'Switch face recognition on first.';
      setSentence(problem, said);
      check.focus({ focusVisible: true });
    },
  };
}
