// The name of a view, when it is made or gets another.

import { opener } from '../lib/dialog.js';
import { button, el, setAttr, setSentence, setText } from '../lib/dom.js';

const LONGEST_NAME = 80;

export function createViewDialog() {
  const title = el('h2', {});
  const field = el('input', {
    type: 'text', class: 'field', id: 'view-name', maxLength: LONGEST_NAME, autocomplete: 'off',
    'data-testid': 'view-name',
  });
  const problem = el('p', { class: 'problem', role: 'alert', hidden: true, 'data-testid': 'view-problem' });
  const submit = el('button', { type: 'submit', class: 'button primary', 'data-testid': 'view-submit' });
  const form = el('form', { class: 'form', noValidate: true }, title, el('label', { for: 'view-name' }, 'Name'), field,
    problem, el('div', { class: 'row end' }, button('Cancel', 'view-cancel', () => dialog.close()), submit));
  const dialog = el('dialog', { class: 'dialog', 'data-testid': 'view-dialog' }, form);
  const show = opener(dialog, () => {});
  /** @type {(name: string) => string} */
  let take = () => '';

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const why = take(field.value.trim());
    setSentence(problem, why);
    if (why === '') dialog.close();
    else field.focus();
  });

  return {
    /**
     * @param {string} heading @param {string} yes  on the button @param {string} name  that it has
     * @param {(name: string) => string} then  says why not; empty when it is done
     */
    open(heading, yes, name, then) {
      take = then;
      setText(title, heading);
      setAttr(dialog, 'aria-label', heading);
      setText(submit, yes);
      setSentence(problem, '');
      field.value = name;
      show();
      field.select();
    },
  };
}
