// @ts-nocheck
// Two entries that are one person: asks whose stays.

import { el } from '../lib/dom.js';
import { count } from '../lib/format.js';

/**
 * @param {import('../lib/types.js').Person} person  who goes
 * @param {import('../lib/types.js').Person[]} others
 * @returns {Promise<string|null>} the id of the one who stays
 */
export function createMergeDialog(person, others) {
  return new Promise((resolve) => {
    const select = el('select', { class: 'field', id: 'merge-into', 'data-testid': 'merge-into' }, ...others.map(({ id, name }) => el('option', { value: id }, name)));
    const dialog = el('dialog', { class: 'dialog', 'aria-label': `Merge “${person.name}”`, 'data-testid': 'merge-dialog' });
    const close = (value) => () => { dialog.returnValue = value; dialog.close(); };
    dialog.append(
      el('h2', {}, `Merge “${person.name}”`),
      el('p', { class: 'quiet' }, `${count(person.pictures.length, 'picture', 'pictures')} and all matches go to the other person; the name “${person.name}” goes.`),
      el('div', { class: 'form' }, el('label', { for: 'merge-into' }, 'Into'), select),
      el('div', { class: 'row end' },
        el('button', { type: 'button', class: 'button', onclick: close('') }, 'Keep both'),
        el('button', { type: 'button', class: 'button danger', 'data-testid': 'merge-yes', onclick: close('yes') }, 'Merge')),
    );
    dialog.addEventListener('close', () => { dialog.remove(); resolve(dialog.returnValue === 'yes' ? select.value : null); });
    document.body.append(dialog);
    dialog.showModal();
  });
}
