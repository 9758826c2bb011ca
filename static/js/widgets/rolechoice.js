// Which role an account or a token has, with what each may.

import { el, setHidden } from '../lib/dom.js';
import { ROLES } from '../lib/accountwords.js';

/** @typedef {import('../lib/accountwords.js').RoleName} RoleName */

/** @param {{id: string, onChange: () => void}} parts */
export function createRoleChoice({ id, onChange }) {
  const choices = ROLES.map(({ name, label, may }) => {
    const input = el('input', {
      type: 'radio', class: 'radio', name: `${id}-role`, value: name, 'data-testid': `${id}-role-${name}`,
    });
    const words = el('span', { class: 'label-words' }, label, el('span', { class: 'quiet small' }, may));
    return { name, input, row: el('label', { class: 'check-row' }, input, words) };
  });
  const element = el('fieldset', { class: 'choices', onchange: onChange },
    el('legend', {}, 'Role'), ...choices.map(({ row }) => row));

  return {
    element,
    focus: () => choices.find(({ input }) => input.checked)?.input.focus(),
    /** @returns {RoleName} */
    value: () => choices.find(({ input }) => input.checked)?.name ?? 'viewer',
    /** @param {RoleName} role @param {{name: RoleName}[]} [offered] */
    open(role, offered = ROLES) {
      for (const { name, input, row } of choices) {
        input.checked = name === role;
        setHidden(row, !offered.some((each) => each.name === name));
      }
      setHidden(element, offered.length < 2);
    },
  };
}
