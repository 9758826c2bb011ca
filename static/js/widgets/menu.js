// @ts-nocheck
// The menu behind a tile's three dots, and the question before something is lost.

import { el, icon } from '../lib/dom.js';

/**
 * @typedef {{name: string, label: string, icon: string, href?: string, run?: () => void, danger?: boolean}} Item
 */
export function createMenu() {
  const list = el('div', { class: 'menu', role: 'menu', 'data-testid': 'menu', hidden: true });
  /** @type {HTMLElement|null} */
  let anchor = null;
  document.body.append(list);

  /** @param {HTMLElement} button @param {Item[]} items */
  function open(button, items) {
    if (anchor === button) return close();
    close();
    anchor = button;
    anchor.setAttribute('aria-expanded', 'true');
    list.replaceChildren(...items.map(row));
    list.hidden = false;
    place();
    list.firstElementChild.focus();
    return undefined;
  }

  function row(item) {
    const props = { class: `menu-item${item.danger ? ' danger' : ''}`, role: 'menuitem', tabIndex: -1, 'data-testid': `menu-${item.name}` };
    const words = [icon(item.icon), el('span', {}, item.label)];
    const choose = () => { close(true); item.run?.(); };
    if (item.href) return el('a', { ...props, href: item.href, target: '_blank', rel: 'noopener', onclick: choose }, ...words);
    return el('button', { ...props, type: 'button', onclick: choose }, ...words);
  }

  /** Below the button, but always within the window. */
  function place() {
    const at = anchor.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = list;
    list.style.left = `${Math.max(8, Math.min(at.right - offsetWidth, window.innerWidth - offsetWidth - 8))}px`;
    list.style.top = `${at.bottom + offsetHeight + 8 > window.innerHeight ? Math.max(8, at.top - offsetHeight - 4) : at.bottom + 4}px`;
  }

  function close(returnFocus = false) {
    if (!anchor) return;
    list.hidden = true;
    anchor.setAttribute('aria-expanded', 'false');
    if (returnFocus) anchor.focus();
    anchor = null;
  }

  function move(step) {
    const rows = [...list.children];
    const at = rows.indexOf(document.activeElement);
    rows[(at + step + rows.length) % rows.length].focus();
  }

  list.addEventListener('keydown', (event) => {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) move(steps[event.key]);
    else if (event.key === 'Escape' || event.key === 'Tab') close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener('pointerdown', (event) => {
    if (anchor && !list.contains(event.target) && !anchor.contains(event.target)) close();
  });
  window.addEventListener('resize', () => close());

  return { open, isOpen: () => anchor !== null, setState: (view) => { if (view === null || (anchor && !anchor.isConnected)) close(); } };
}

/** Asks once, naming what goes. @returns {Promise<boolean>} */
export function confirmLoss({ title, what, yes }) {
  return new Promise((resolve) => {
    const dialog = el('dialog', { class: 'dialog', 'aria-label': title, 'data-testid': 'confirm' });
    const answer = (value) => el('button', {
      type: 'button', class: value ? 'button danger' : 'button', 'data-testid': value ? 'confirm-yes' : 'confirm-no',
      onclick: () => { dialog.returnValue = value ? 'yes' : ''; dialog.close(); },
    }, value ? yes : 'Keep');
    dialog.append(el('h2', {}, title), el('p', { class: 'quiet' }, what), el('div', { class: 'row end' }, answer(false), answer(true)));
    dialog.addEventListener('close', () => { dialog.remove(); resolve(dialog.returnValue === 'yes'); });
    document.body.append(dialog);
    dialog.showModal();
  });
}
