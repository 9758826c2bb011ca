// @ts-nocheck
// One button per thing that can be looked for; keys press them in order.

import { el, icon, keyed, setAttr, setText, setTitle } from '../lib/dom.js';
import { failure, optionHint, pressed, smallPrint } from '../lib/options.js';

export function createOptionButtons({ actions }) {
  const element = el('div', { class: 'options', role: 'group', 'aria-label': 'What to look for' });
  const rows = new Map();
  let view = null;

  function make({ name, label, icon: picture }) {
    const cost = el('span', { class: 'option-cost small quiet numbers', 'data-testid': `option-cost-${name}` });
    const key = el('kbd', { class: 'option-key', 'aria-hidden': 'true' });
    const button = el('button', {
      type: 'button', class: 'option', 'data-testid': `option-${name}`, 'aria-pressed': 'false', 'aria-label': label, onclick: () => actions.pressOption(name),
    }, el('span', { class: 'option-icon' }, icon(picture)), el('span', { class: 'option-words' }, el('span', { class: 'option-label' }, label), cost), key);
    return { element: button, cost, key };
  }

  function update(row, option) {
    const { name, tasks } = option;
    const chosen = view.cameras.filter((camera) => view.selected.has(camera.id));
    setAttr(row.element, 'aria-pressed', pressed(chosen, name));
    const number = view.options.findIndex((option) => option.name === name) + 1;
    setText(row.key, number <= 9 ? String(number) : '');
    setAttr(row.element, 'aria-keyshortcuts', number);
    setText(row.cost, smallPrint(view, chosen, option));
    setTitle(row.element, optionHint(view.status, option));
    setAttr(row.element, 'data-failed', failure(view.status, tasks) ? 'true' : null);
  }

  document.addEventListener('keydown', (event) => {
    const option = view?.options[Number(event.key) - 1];
    if (!option || event.repeat || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    event.preventDefault();
    actions.pressOption(option.name);
  });

  return {
    element,
    /** @param {import('../lib/views.js').View|null} next */
    setState(next) {
      view = next;
      keyed(element, view?.options ?? [], rows, { key: (option) => option.name, make, update });
    },
  };
}

const isTyping = (target) => target.closest?.('input:not([type=checkbox]), textarea, dialog[open]') !== null;
