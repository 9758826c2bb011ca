// The menu behind three dots, and the question before something is deleted.

import { button, el, icon } from '../lib/dom.js';

/**
 * @typedef {ReturnType<typeof createMenu>} Menu
 * @typedef {{name: string, label: string, icon: string, href?: string, run?: () => void, danger?: boolean}} Item
 */

/** @type {Object<string, number>} */
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

export function createMenu() {
  const list = el('div', { class: 'menu', role: 'menu', 'data-testid': 'menu', hidden: true });
  /** @type {HTMLElement|null} */
  let anchor = null;
  (document.querySelector('main') ?? document.body).append(list);

  /** Opens below the button, or closes if it is open there. @param {HTMLElement} at @param {Item[]} items */
  function open(at, items) {
    const wasHere = anchor === at;
    close();
    if (wasHere) return;
    anchor = at;
    anchor.setAttribute('aria-expanded', 'true');
    list.replaceChildren(...items.map(row));
    list.hidden = false;
    place(at.getBoundingClientRect());
    focus(0);
  }

  /** @param {Item} item */
  function row(item) {
    const kind = `menu-item${item.danger ? ' danger' : ''}`;
    const props = { class: kind, role: 'menuitem', tabIndex: -1, 'data-testid': `menu-${item.name}`, onclick: choose };
    const words = [icon(item.icon), el('span', {}, item.label)];
    function choose() {
      close(true);
      item.run?.();
    }
    if (item.href) return el('a', { ...props, href: item.href, target: '_blank', rel: 'noopener' }, ...words);
    return el('button', { ...props, type: 'button' }, ...words);
  }

  /** Below the button, but always within the window. @param {DOMRect} at of the button */
  function place(at) {
    const { offsetWidth, offsetHeight } = list;
    const below = at.bottom + offsetHeight + 8 <= window.innerHeight;
    const left = Math.min(at.right - offsetWidth, window.innerWidth - offsetWidth - 8);
    list.style.left = `${Math.max(8, left)}px`;
    list.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - offsetHeight - 4)}px`;
  }

  function close(returnFocus = false) {
    if (!anchor) return;
    list.hidden = true;
    anchor.setAttribute('aria-expanded', 'false');
    if (returnFocus) anchor.focus();
    anchor = null;
  }

  /** @param {number} index counted round the list */
  function focus(index) {
    const rows = /** @type {HTMLElement[]} */ ([...list.children]);
    rows.at(index % rows.length)?.focus();
  }

  const focused = () => [...list.children].findIndex((each) => each === document.activeElement);

  list.addEventListener('keydown', (event) => {
    if (event.key in STEPS) focus(focused() + STEPS[event.key]);
    else if (event.key === 'Escape' || event.key === 'Tab') close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener('pointerdown', ({ target }) => {
    const inside = target instanceof Node && (list.contains(target) || anchor?.contains(target));
    if (anchor && !inside) close();
  });
  window.addEventListener('resize', () => close());

  return {
    open,
    isOpen: () => anchor !== null,
    /** @param {object|null} view */
    setState(view) { if (view === null || (anchor && !anchor.isConnected)) close(); },
  };
}

/**
 * Asks once, naming what is deleted.
 * @param {{title: string, what: string, yes: string, more?: Node[]}} words  yes: on the button that deletes
 * @returns {Promise<boolean>}
 */
export function confirmLoss({ title, what, yes, more = [] }) {
  return new Promise((resolve) => {
    const dialog = el('dialog', { class: 'dialog', 'aria-label': title, 'data-testid': 'confirm' });
    dialog.append(el('h2', {}, title), el('p', { class: 'quiet' }, what), ...more, el('div', { class: 'row end' },
      button('Cancel', 'confirm-no', () => dialog.close('')),
      button(yes, 'confirm-yes', () => dialog.close('yes'), 'button danger')));
    dialog.addEventListener('close', () => { dialog.remove(); resolve(dialog.returnValue === 'yes'); });
    document.body.append(dialog);
    dialog.showModal();
  });
}
