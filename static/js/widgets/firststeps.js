// The first three steps of a new viewer; each is ticked when it is done, and together they go.

import { button, el, icon, setHidden } from '../lib/dom.js';
import { recall, remember } from '../lib/memory.js';

/** @typedef {import('../lib/views.js').View} View */

/** @type {{words: string, isDone: (view: View) => boolean}[]} */
const STEPS = [
  { words: 'Add a camera.', isDone: ({ cameras }) => cameras.length > 0 },
  {
    words: 'Select it, then press an AI button.',
    isDone: ({ cameras }) => cameras.some(({ options }) => options.length > 0),
  },
  { words: 'Open it: two clicks, Enter, or a tap.', isDone: ({ enlarged }) => enlarged !== null },
];

/** @param {HTMLElement} root */
export function createFirstSteps(root) {
  const done = new Set([recall('firstSteps', [])].flat().filter((each) => Number(each) in STEPS));
  const rows = STEPS.map(({ words }) => el('li', { class: 'step' }, icon('check'), el('span', {}, words)));
  const close = button('Hide', 'first-steps-hide', () => {
    STEPS.forEach((_, index) => done.add(index));
    show();
  }, 'link');
  const element = el('section', {
    class: 'aside-part', 'aria-label': 'First steps', 'data-testid': 'first-steps', hidden: true,
  }, el('h2', { class: 'part-title' }, 'First steps', el('span', { class: 'spring' }), close),
  el('ol', { class: 'steps' }, ...rows));
  root.append(element);

  function show() {
    remember('firstSteps', [...done]);
    rows.forEach((row, index) => row.classList.toggle('is-done', done.has(index)));
    setHidden(element, done.size >= STEPS.length);
  }

  return {
    /** @param {View|null} view */
    setState(view) {
      if (view === null || view.link !== 'live' || done.size >= STEPS.length) return;
      STEPS.forEach(({ isDone }, index) => { if (isDone(view)) done.add(index); });
      show();
    },
  };
}
