// A field of a form with its label, the rule that it follows, and what is wrong with it.

import { button, el, setAttr, setSentence, setText } from '../lib/dom.js';

/** @typedef {ReturnType<typeof createField>} Field */

/**
 * @param {object} parts
 * @param {string} parts.id
 * @param {string} parts.label
 * @param {string} [parts.rule]
 * @param {HTMLElement} [parts.beside]  stands at the end of the field
 * @param {Object<string, any>} [parts.props]  of the input
 */
export function createField({ id, label, rule = '', beside, props = {} }) {
  const described = `${rule ? `${id}-rule ` : ''}${id}-problem`;
  const input = el('input', {
    type: 'text', class: 'field', id, 'data-testid': id, 'aria-describedby': described, ...props,
  });
  const words = el('label', { for: id }, label);
  const problem = el('p', {
    class: 'problem', id: `${id}-problem`, role: 'alert', hidden: true, 'data-testid': `${id}-problem`,
  });
  const inputs = beside ? el('div', { class: 'field-row' }, input, beside) : input;
  const element = el('div', { class: 'form' }, words,
    rule ? el('p', { class: 'quiet small', id: `${id}-rule` }, rule) : null, inputs, problem);
  input.addEventListener('input', () => refuse(''));

  /** @param {string} sentence  empty: nothing is wrong @returns {boolean} whether nothing is */
  function refuse(sentence) {
    setSentence(problem, sentence);
    setAttr(input, 'aria-invalid', sentence ? 'true' : null);
    if (sentence) input.focus();
    return !sentence;
  }

  return {
    element,
    input,
    refuse,
    clear() {
      input.value = '';
      refuse('');
    },
  };
}

/**
 * Whoever types a password may look at it.
 * @param {object} parts
 * @param {string} parts.id
 * @param {string} parts.label
 * @param {'current-password'|'new-password'|'off'} parts.autocomplete
 * @param {string} [parts.rule]
 */
export function createPasswordField({ id, label, autocomplete, rule }) {
  const eye = button('Show', `${id}-show`, () => show(field.input.type === 'password'), 'link');
  const props = { type: 'password', autocomplete, maxLength: 200 };
  const field = createField({ id, label, rule, beside: eye, props });
  show(false);

  /** @param {boolean} on */
  function show(on) {
    field.input.type = on ? 'text' : 'password';
    setText(eye, on ? 'Hide' : 'Show');
    setAttr(eye, 'aria-label', `${on ? 'Hide' : 'Show'} ${label.toLowerCase()}`);
  }

  return {
    ...field,
    clear() {
      field.clear();
      show(false);
    },
  };
}

/** Tells a password manager whose password it is; people see it elsewhere. */
export const createUserNameHint = () => el('input', {
  type: 'text', class: 'sr-only', autocomplete: 'username', readOnly: true, tabIndex: -1, 'aria-hidden': 'true',
});
