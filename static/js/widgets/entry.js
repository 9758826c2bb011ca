// A line of a list of accounts, sessions or tokens: what it is, facts about it, and what can be done.

import { el, setSentence, setText } from '../lib/dom.js';

/** @typedef {ReturnType<typeof createEntry>} Entry */

/**
 * @param {string} testid
 * @param {HTMLElement|null} action
 * @param {string} [mark]  a word beside the title
 */
export function createEntry(testid, action, mark = '') {
  const title = el('span', { class: 'entry-title', dir: 'auto' });
  const facts = el('p', { class: 'quiet small numbers', 'data-testid': 'entry-facts' });
  const problem = el('p', { class: 'problem', role: 'status', hidden: true, 'data-testid': 'entry-problem' });
  const element = el('li', { class: 'entry', 'data-testid': testid },
    el('div', { class: 'entry-words' },
      el('p', { class: 'row' }, title, mark ? el('span', { class: 'badge' }, mark) : null), facts, problem),
    action);
  return {
    element,
    /** @param {string} name @param {string[]} told  what is empty is left out */
    setState(name, told) {
      setText(title, name);
      const phrases = told.filter(Boolean);
      if (facts.textContent === phrases.join(' · ')) return;
      facts.replaceChildren(...phrases.flatMap((each, index) => (
        [index ? ' · ' : '', el('span', { class: 'phrase' }, each)]
      )));
    },
    /** @param {string} sentence */
    refuse: (sentence) => setSentence(problem, sentence),
  };
}

/**
 * After something was deleted with the keyboard, the focus goes on in the list, or else to what stands above it.
 * @param {HTMLElement} list @param {HTMLElement} above
 */
export function focusIn(list, above) {
  if (document.activeElement && document.activeElement !== document.body) return;
  (list.querySelector('button') ?? above).focus();
}
