// @ts-nocheck
// For how long something is kept: a number that the hub is told as soon as it has been changed.

import { el, setHidden, setText } from '../lib/dom.js';

/**
 * @param {object} parts
 * @param {'unknown_hours'|'sightings_days'} parts.setting
 * @param {number} parts.most
 * @param {string} parts.unit  "hours"
 * @param {string} parts.testid
 * @param {string} parts.label
 */
export function createKeptFor({ gallery, setting, most, unit, testid, label }) {
  const id = `kept-${setting}`;
  const field = el('input', { type: 'number', class: 'field kept', id, min: 1, max: most, step: 1, inputMode: 'numeric', 'data-testid': testid, onchange: save });
  const problem = el('p', { class: 'problem', role: 'status', 'data-testid': `${testid}-problem`, hidden: true });
  const element = el('div', {}, el('p', { class: 'row small' }, el('label', { for: id }, label), field, unit), problem);
  let stored = null;

  async function save() {
    const wanted = Number(field.value);
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > most) { say(`Please give a whole number of ${unit} from 1 to ${most}.`); return; }
    say('');
    try {
      await gallery.set({ [setting]: wanted });
    } catch (error) {
      say(error.message);
    }
  }

  function say(sentence) {
    setText(problem, sentence);
    setHidden(problem, sentence === '');
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
