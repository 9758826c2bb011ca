// The wall without anything else: no header, no sidebar; a line at first says how to leave it.

import { button, el, setHidden, setText } from '../lib/dom.js';
import { awakeProblem, keepAwake, nextView } from '../lib/kiosk.js';
import { namedViews } from '../lib/viewlist.js';

const HINT_MS = 8000;

/**
 * @param {object} parts
 * @param {(view: string) => void} parts.onView  it is its turn
 * @param {() => void} parts.onLeave
 */
export function createKiosk({ onView, onLeave }) {
  const words = el('span', {});
  const hint = el('p', { class: 'kiosk-hint', role: 'status', 'data-testid': 'kiosk-hint', hidden: true }, words,
    button('Leave', 'kiosk-leave', onLeave, 'link'));
  document.body.append(hint);
  /** @type {import('../lib/views.js').View|null} */
  let view = null;
  /** @type {number|null} */
  let seconds = null;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  let turns;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  let sleep = () => {};

  function turn() {
    if (!view || document.hidden) return;
    const names = namedViews(view.views ?? []).map(({ name }) => name);
    const next = nextView(names, view.viewName);
    if (next !== null && next !== view.viewName) onView(next);
  }

  function showHint() {
    setText(words, ['Esc leaves this wall.', awakeProblem()].filter(Boolean).join(' '));
    setHidden(hint, false);
    clearTimeout(timer);
    timer = setTimeout(() => setHidden(hint, true), HINT_MS);
  }

  document.addEventListener('pointermove', () => { if (seconds !== null && hint.hidden) showHint(); });

  return {
    /** @param {import('../lib/views.js').View|null} next */
    setState(next) { view = next; },
    /** @param {number|null} wanted  seconds for each view; 0: no other; null: no wall */
    show(wanted) {
      if (wanted === seconds) return;
      seconds = wanted;
      document.body.classList.toggle('is-kiosk', seconds !== null);
      clearInterval(turns);
      sleep();
      sleep = seconds === null ? () => {} : keepAwake();
      if (seconds) turns = setInterval(turn, seconds * 1000);
      if (seconds === null) setHidden(hint, true);
      else showHint();
    },
  };
}
