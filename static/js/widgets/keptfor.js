// For how long something is kept: a number that the hub is told as soon as it has been changed.

import { reason } from '../lib/api.js';
import { el, setSentence } from '../lib/dom.js';

/**
 * @param {object} parts
 * @param {import('../lib/gallery.js').Gallery} parts.gallery
 * @param {'unknown_hours'|'sightings_days'} parts.setting
 * @param {number} parts.most
 * @param {string} parts.unit  "hours"
 * @param {string} parts.testid
 * @param {string} parts.label
 */
export function createKeptFor({ gallery, setting, most, unit, testid, label }) {
  const id = `kept-${setting}`;
  const field = el('input', {
    type: 'number', class: 'field kept', id, min: 1, max: most, step: 1, inputMode: 'numeric', 'data-testid': testid,
    onchange: save,
  });
  const problem = el('p', { class: 'problem', role: 'status', 'data-testid': `${testid}-problem`, hidden: true });
  const element = el('div', {}, el('p', { class: 'row small' }, el('label', { for: id }, label), field, unit), problem);
  /** @type {number|null} */
  let stored = null;

  async function save() {
    const wanted = Number(field.value);
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > most) {
      setSentence(problem, `Enter a whole number of ${unit} from 1 to ${most}.`);
      return;
    }
    setSentence(problem, '');
    try {
      await gallery.set({ [setting]: wanted });
    } catch (error) {
      setSentence(problem, reason(error));
    }
  }

  field.addEventListener('blur', () => { if (problem.hidden) show(); });

  function show() {
    if (stored !== null) field.value = String(stored);
  }

  return {
    element,
    /** @param {import('../lib/types.js').Settings|null} [settings] */
    setState(settings) {
      stored = settings?.[setting] ?? null;
      if (document.activeElement !== field && problem.hidden) show();
    },
  };
}
