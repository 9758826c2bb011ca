// The change log of people and settings, folded until a viewer opens it.

import { api, reason } from '../lib/api.js';
import { el, setHidden, setText } from '../lib/dom.js';
import { clockTime } from '../lib/format.js';

const NO_NAMES = 'Newest first. The log stores no names, so a forgotten person has no name here.';

/** @param {HTMLElement} root */
export function createChanges(root) {
  const list = el('ol', {
    class: 'changes small', 'data-testid': 'changes', tabIndex: 0, 'aria-label': 'Changes, newest first', hidden: true,
  });
  const words = el('p', { class: 'quiet small', role: 'status', 'data-testid': 'changes-words' });
  const details = el('details', { class: 'fold', 'data-testid': 'changes-fold', ontoggle: load },
    el('summary', {}, 'Change log'), words, list);
  root.append(details);
  /** @type {import('../lib/views.js').FacesView|null} */
  let view = null;
  // The answer that the page shows: another comes after every change, and then the log is loaded again.
  /** @type {import('../lib/types.js').Person[]|null} */
  let shown = null;

  async function load() {
    if (!details.open || !view) return;
    shown = view.people;
    try {
      const { entries } = await api.audit();
      list.replaceChildren(...entries.map(line));
      setHidden(list, entries.length === 0);
      setText(words, entries.length ? NO_NAMES : 'No changes yet.');
    } catch (error) {
      setText(words, reason(error));
    }
  }

  /** @param {string} id */
  const nameOf = (id) => view?.people?.find((person) => person.id === id)?.name ?? 'a forgotten person';

  /** @param {import('../lib/types.js').AuditEntry} entry */
  function line({ at, action, person, other, by, detail }) {
    const parts = [person && nameOf(person), other ? `with ${nameOf(other)}` : detail, `by ${by}`].filter(Boolean);
    return el('li', { 'data-testid': 'change' },
      el('span', { class: 'quiet numbers' }, clockTime(at, view?.now_s)),
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
