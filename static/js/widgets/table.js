// A table of figures: rows are kept by their first cell.

import { el, keyed, setHidden, setText } from '../lib/dom.js';

/** @param {string} label @param {string[]} heads @param {string} testid */
export function createTable(label, heads, testid) {
  const body = el('tbody', {});
  const table = el('table', { class: 'figures numbers', 'aria-label': label, 'data-testid': testid },
    el('thead', {}, el('tr', {}, ...heads.map((head) => el('th', { scope: 'col' }, head)))), body);
  const element = el('div', { class: 'figures-scroll', tabIndex: 0, role: 'region', 'aria-label': label }, table);
  const rows = new Map();
  return {
    element,
    /** @param {string[][]} next */
    setRows(next) {
      setHidden(element, next.length === 0);
      keyed(body, next.map((cells, index) => ({ key: `${index} ${cells[0]}`, cells })), rows, {
        key: ({ key }) => key,
        make: ({ cells }) => {
          const made = cells.map((_, index) => el(index === 0 ? 'th' : 'td', index === 0 ? { scope: 'row' } : {}));
          return { element: el('tr', {}, ...made), made };
        },
        update: (row, { cells }) => cells.forEach((text, index) => setText(row.made[index], text)),
      });
    },
  };
}
