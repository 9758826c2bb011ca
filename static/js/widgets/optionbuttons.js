// One button per AI option. The keys 1 to 9 press them in order.

import { el, icon, keyed, setAttr, setText, setTitle } from '../lib/dom.js';
import { mayOperate } from '../lib/rights.js';
import { cost, failure, optionHint, pressed, smallPrint } from '../lib/options.js';

/** @typedef {import('../lib/views.js').View['options'][number]} Option */

/** @param {{actions: import('../lib/actions.js').Actions}} parts */
export function createOptionButtons({ actions }) {
  const element = el('div', { class: 'options', role: 'group', 'aria-label': 'AI options' });
  const rows = new Map();
  /** @type {import('../lib/views.js').View|null} */
  let view = null;

  /** @param {Option} option */
  function make({ name, label, icon: picture }) {
    const id = `option-cost-${name}`;
    const said = { id, 'aria-hidden': 'true', 'data-testid': id };
    const small = el('span', { class: 'option-cost small quiet numbers', ...said });
    const key = el('kbd', { class: 'option-key', 'aria-hidden': 'true' });
    const words = el('span', { class: 'option-words' }, el('span', { class: 'option-label' }, label), small);
    const button = el('button', {
      type: 'button', class: 'option', 'data-testid': `option-${name}`, 'aria-pressed': 'false', 'aria-describedby': id,
      onclick: () => actions.pressOption(name),
    }, el('span', { class: 'option-icon' }, icon(picture)), words, key);
    return { element: button, small, key };
  }

  /** @param {ReturnType<typeof make>} row @param {Option} option */
  function update(row, option) {
    if (!view) return;
    const { name, tasks } = option;
    const { chosen, status, options } = view;
    setAttr(row.element, 'aria-pressed', pressed(chosen, name));
    const number = options.indexOf(option) + 1;
    setText(row.key, number <= 9 ? String(number) : '');
    setAttr(row.element, 'aria-keyshortcuts', number);
    setText(row.small, smallPrint(view, chosen, option));
    setTitle(row.element, [optionHint(status, option), cost(status, option)].filter(Boolean).join('\n'));
    setAttr(row.element, 'data-failed', failure(status, tasks) ? 'true' : null);
  }

  document.addEventListener('keydown', (event) => {
    const option = view?.options[Number(event.key) - 1];
    const other = event.repeat || event.ctrlKey || event.metaKey || event.altKey;
    if (!option || other || isTyping(event.target) || !mayOperate()) return;
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

/** @param {EventTarget|null} target */
const isTyping = (target) => (
  target instanceof Element && target.closest('input:not([type=checkbox]), textarea, dialog[open]') !== null
);
