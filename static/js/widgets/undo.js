// The line that offers to undo, for as long as it can be.

import { button, el, iconButton, setHidden, setText } from '../lib/dom.js';

/** @param {{onUndo: () => void, onDone: () => void}} parts */
export function createUndo({ onUndo, onDone }) {
  const words = el('span', {});
  const left = el('span', { class: 'quiet numbers', 'aria-hidden': 'true' });
  const element = el('div', { class: 'undo', role: 'status', 'data-testid': 'undo', hidden: true }, words,
    button('Undo', 'undo-button', onUndo, 'link'), left,
    iconButton('close', 'Finish now', { onclick: onDone, 'data-testid': 'undo-close' }));
  /** @type {ReturnType<typeof setInterval>|undefined} */
  let timer;
  document.body.append(element);

  /** @param {string|null} text  null: nothing can be undone @param {number} seconds */
  function offer(text, seconds) {
    clearInterval(timer);
    setHidden(element, text === null);
    setText(words, text ?? '');
    let rest_s = seconds;
    setText(left, `${rest_s} s`);
    if (text === null) return;
    timer = setInterval(() => { rest_s -= 1; setText(left, `${Math.max(0, rest_s)} s`); }, 1000);
  }

  return { offer };
}
