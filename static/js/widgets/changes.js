// @ts-nocheck
// What was changed about people and settings, folded away until somebody asks.

import { api } from '../lib/api.js';
import { el, setHidden, setText } from '../lib/dom.js';
import { clockTime } from '../lib/format.js';

/** @param {HTMLElement} root */
export function createChanges(root) {
  const list = el('ol', { class: 'changes small', 'data-testid': 'changes', tabIndex: 0, 'aria-label': 'Changes, the newest first', hidden: true });
  const words = el('p', { class: 'quiet small', role: 'status', 'data-testid': 'changes-words' });
  const details = el('details', { class: 'fold', 'data-testid': 'changes-fold', ontoggle: load }, el('summary', {}, 'What was changed'), words, list);
  root.append(details);
  /** @type {import('../lib/views.js').FacesView|null} */
  let view = null;
  // The answers that the page shows: others come with every change, and with them these.
  let shown = null;

  async function load() {
    if (!details.open || !view) return;
    shown = view.people;
    try {
      const { entries } = await api.audit();
      list.replaceChildren(...entries.map(line));
      setHidden(list, entries.length === 0);
      setText(words, entries.length ? 'The newest first. No names are kept in it, so whoever is forgotten is not named here either.' : 'Nothing has been changed yet.');
    } catch (error) {
      setText(words, error.message);
    }
  }

  const nameOf = (id) => view.people?.find((person) => person.id === id)?.name ?? 'somebody who is not stored any more';

  function line({ at, action, person, other, by, detail }) {
    const parts = [person && nameOf(person), other ? `with ${nameOf(other)}` : detail, `by ${by}`].filter(Boolean);
    return el('li', { 'data-testid': 'change' },
      el('span', { class: 'quiet numbers' }, clockTime(at, view.now_s)),
      el('span', {}, `${action}: `, ...parts.flatMap((part, index) => [index ? ', ' : '', el('bdi', {}, part)])));
  }

  return {
    /** @param {import('../lib/views.js').FacesView|null} next */
    setState(next) {
      view = next;
      setHidden(root, !view?.settings);
      if (details.open && view?.people !== shown) load();
    },
  };
}
