// Merges two entries of one person: asks which of them stays.

import { button, el } from '../lib/dom.js';
import { count } from '../lib/format.js';

/**
 * @param {import('../lib/types.js').Person} person  whose entry goes
 * @param {import('../lib/types.js').Person[]} others
 * @returns {Promise<string|null>} the id of the one that stays
 */
export function createMergeDialog(person, others) {
  return new Promise((resolve) => {
    const title = `Merge “${person.name}”`;
    const choices = others.map(({ id, name }) => el('option', { value: id }, name));
    const select = el('select', { class: 'field', id: 'merge-into', 'data-testid': 'merge-into' }, ...choices);
    const dialog = el('dialog', { class: 'dialog', 'aria-label': title, 'data-testid': 'merge-dialog' });
    const what = `${count(person.pictures.length, 'picture', 'pictures')} and all matches move to the other person. `
      + `The name “${person.name}” is deleted.`;
    dialog.append(
      el('h2', {}, title),
      el('p', { class: 'quiet' }, what),
      el('div', { class: 'form' }, el('label', { for: 'merge-into' }, 'Merge into'), select),
      el('div', { class: 'row end' },
        button('Cancel', 'merge-no', () => dialog.close('')),
        button('Merge', 'merge-yes', () => dialog.close('yes'), 'button danger')),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes' ? select.value : null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
