// @ts-nocheck
// The switch of face recognition, and what it means.

import { el, setHidden, setText } from '../lib/dom.js';
import { isIdentifying } from '../lib/options.js';

const MEANING = 'A face is measured and compared with the people below. Such measures are biometric data: in many countries the law asks for the '
  + 'consent of everyone who is recognised, so tell people in view. While this is off, no face is measured.';
const FORBIDDEN = 'The configuration of this hub does not allow face recognition (recognition_allowed). People who are stored can still be forgotten.';

/** @param {HTMLElement} root */
export function createFaceSettings(root, { gallery }) {
  const check = el('input', { type: 'checkbox', role: 'switch', class: 'switch', disabled: true, 'data-testid': 'recognition-switch', 'aria-describedby': 'recognition-meaning' });
  const meaning = el('p', { class: 'quiet meaning', id: 'recognition-meaning' }, MEANING);
  const next = el('p', { class: 'small next', role: 'status', 'data-testid': 'recognition-next', hidden: true });
  const problem = el('p', { class: 'problem', role: 'status', 'data-testid': 'faces-problem', hidden: true });
  root.append(el('label', { class: 'main-switch' }, el('h1', {}, 'Face recognition'), check), meaning, next, problem);
  let said = '';
  check.addEventListener('change', () => attempt(check.checked));

  async function attempt(recognition) {
    said = '';
    try {
      await gallery.set({ recognition });
    } catch (error) {
      said = error.message;
      show(said);
    }
  }

  function show(sentence) {
    setText(problem, sentence);
    setHidden(problem, sentence === '');
  }

  /** @param {import('../lib/views.js').FacesView|null} view */
  function setState(view) {
    const settings = view?.settings;
    const forbidden = settings?.recognition_allowed === false;
    check.disabled = !settings || forbidden;
    check.checked = settings?.recognition ?? false;
    setText(meaning, forbidden ? FORBIDDEN : MEANING);
    setNext(view);
    // That the hub is away is said at the top already.
    show(said || (view?.link === 'live' && view.trouble) || '');
  }

  function setNext(view) {
    const idle = view?.settings?.recognition && view.link === 'live' && view.people?.length && !view.cameras.some((camera) => isIdentifying(view.options, camera));
    setHidden(next, !idle);
    const button = view?.options.find(({ identifies }) => identifies)?.label;
    if (idle && !next.firstChild) next.append('No camera looks for these people yet: select some on the page ', el('a', { href: '/' }, 'Cameras'), ` and press ${button}.`);
  }

  return {
    setState,
    /** For who asks for something that needs it. */
    point() {
      said = 'Switch face recognition on first.';
      show(said);
      check.focus({ focusVisible: true });
    },
  };
}
