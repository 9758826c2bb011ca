// A change log, folded until a viewer opens it.

import { api, reason } from '../lib/api.js';
import { el, setHidden, setText } from '../lib/dom.js';
import { clockTime } from '../lib/format.js';

/** @typedef {import('../lib/types.js').AuditEntry} AuditEntry */

/**
 * @template {{now_s: number}} View
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {import('../lib/types.js').AuditKind[]} parts.kinds
 * @param {string} parts.note
 * @param {(entry: AuditEntry, view: View) => {what: string, parts: (string|null)[]}} parts.words
 * @param {(view: View) => unknown} parts.known  what the page shows; where it is another, the log is loaded again
 */
export function createChanges(root, { kinds, note, words, known }) {
  const list = el('ol', {
    class: 'changes small', 'data-testid': 'changes', tabIndex: 0, 'aria-label': 'Changes, newest first', hidden: true,
  });
  const about = el('p', { class: 'quiet small', role: 'status', 'data-testid': 'changes-words' });
  const details = el('details', { class: 'fold', 'data-testid': 'changes-fold', ontoggle: load },
    el('summary', {}, 'Change log'), about, list);
  root.append(details);
  /** @type {View|null} */
  let view = null;
  /** @type {unknown} */
  let shown = null;

  async function load() {
    if (!details.open || !view) return;
    shown = known(view);
    try {
      const { entries } = await api.audit(kinds);
      const now = view;
      list.replaceChildren(...entries.map((entry) => line(entry, now)));
      setHidden(list, entries.length === 0);
      setText(about, entries.length ? note : 'No changes yet.');
    } catch (error) {
      setText(about, reason(error));
    }
  }

  /** @param {AuditEntry} entry @param {View} now */
  function line(entry, now) {
    const { what, parts } = words(entry, now);
    const told = parts.filter((part) => part !== null && part !== '');
    return el('li', { 'data-testid': 'change' },
      el('span', { class: 'quiet numbers' }, clockTime(entry.at, now.now_s)),
      el('span', {}, `${what}: `, ...told.flatMap((part, index) => [index ? ', ' : '', el('bdi', {}, part)])));
  }

  return {
    /** @param {View|null} next */
    setState(next) {
      view = next;
      if (details.open && view && known(view) !== shown) load();
    },
  };
}
