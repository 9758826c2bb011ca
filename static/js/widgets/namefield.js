// A name that becomes a text field while the viewer changes it.

import { el, setHidden, setText } from '../lib/dom.js';

const LONGEST_NAME = 80;

/**
 * @param {object} parts
 * @param {(name: string) => void} parts.onRename
 * @param {() => void} parts.onDone  the keyboard has left the field
 */
export function createNameField({ onRename, onDone }) {
  const words = el('span', { class: 'tile-name', 'data-testid': 'tile-name' });
  const field = el('input', {
    type: 'text', class: 'name-input', 'aria-label': 'New name', maxLength: LONGEST_NAME, hidden: true,
    'data-testid': 'rename-input',
  });
  const element = el('span', { class: 'tile-naming' }, words, field);

  function edit() {
    field.value = words.textContent;
    show(true);
    field.focus();
    field.select();
  }

  /** @param {boolean} editing */
  function show(editing) {
    setHidden(field, !editing);
    setHidden(words, editing);
  }

  /** @param {boolean} keep */
  function finish(keep) {
    if (field.hidden) return;
    const name = field.value.trim();
    show(false);
    if (!keep || !name || name === words.textContent) return;
    setText(words, name);
    onRename(name);
  }

  field.addEventListener('keydown', (event) => {
    event.stopPropagation();
    if (event.key !== 'Enter' && event.key !== 'Escape') return;
    event.preventDefault();
    finish(event.key === 'Enter');
    onDone();
  });
  field.addEventListener('blur', () => finish(true));
  // Within a label, a click on the field would otherwise tick the checkbox.
  field.addEventListener('click', (event) => event.preventDefault());

  return {
    element,
    edit,
    /** @param {string|null} [name] */
    setState(name) {
      setText(words, name ?? '');
      words.title = name ?? '';
    },
  };
}
