// Small helpers that build the page. Words from outside only ever become text, never markup.

import { ICONS } from './icons.js';

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Makes an element. Properties starting with "on" are listeners, "class" and names with a dash are attributes,
 * everything else is set as a property.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Object<string, any>} [props]
 * @param {...(Node|string|null)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) setProp(node, key, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** @param {HTMLElement} node @param {string} key @param {any} value */
function setProp(node, key, value) {
  if (value === null || value === undefined) return;
  if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
  else if (key === 'class' || key === 'role' || key === 'for' || key.includes('-')) node.setAttribute(key, value);
  else Reflect.set(node, key, value);
}

/** @param {string} tag @param {Object<string, string|number>} attributes */
export function svg(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}

/** @param {string} name one of lib/icons.js */
export function icon(name) {
  const node = svg('svg', { viewBox: '0 0 20 20', class: 'icon', 'aria-hidden': 'true' });
  node.append(svg('path', { d: ICONS[name] ?? ICONS.option }));
  return node;
}

/**
 * A button with an icon alone.
 * @param {string} name of the icon
 * @param {string} label for screen readers and as a tooltip
 * @param {Object<string, any>} [props]
 */
export function iconButton(name, label, props = {}) {
  const usual = { type: 'button', class: 'icon-button', 'aria-label': label, title: label };
  return el('button', { ...usual, ...props }, icon(name));
}

/** An element that is in the page's template. @param {string} id */
export function at(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found;
}

/**
 * A button with words.
 * @param {string|Node|(string|Node)[]} words
 * @param {string} testid
 * @param {(event: MouseEvent) => void} onclick
 * @param {string} [kind] its class
 */
export function button(words, testid, onclick, kind = 'button') {
  return el('button', { type: 'button', class: kind, 'data-testid': testid, onclick }, ...[words].flat());
}

/**
 * Writes only what changed, so that screen readers and layout are left alone.
 * @param {Node} node @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {Element} node @param {string} name @param {string|number|boolean|null} value */
export function setAttr(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}

/** @param {HTMLElement} node @param {string} text */
export function setTitle(node, text) {
  if (node.title !== text) node.title = text;
}

/** @param {HTMLElement} node @param {boolean} hidden */
export function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

/** Shows a sentence, or hides its line when there is none. @param {HTMLElement} line @param {string} sentence */
export function setSentence(line, sentence) {
  setText(line, sentence);
  setHidden(line, sentence === '');
}

/**
 * Keeps one child per item, in order, without rebuilding those that stay.
 * @template Item
 * @template {{element: HTMLElement}} Row
 * @param {Element} parent
 * @param {Item[]} items
 * @param {Map<string|number, Row>} rows by key; belongs to this function
 * @param {object} how
 * @param {(item: Item) => string|number} how.key
 * @param {(item: Item) => Row} how.make
 * @param {(row: Row, item: Item) => void} how.update
 */
export function keyed(parent, items, rows, { key, make, update }) {
  const wanted = new Set(items.map(key));
  for (const [id, row] of rows) if (!wanted.has(id)) { row.element.remove(); rows.delete(id); }
  items.forEach((item, index) => {
    const id = key(item);
    const row = rows.get(id) ?? make(item);
    rows.set(id, row);
    if (parent.children[index] !== row.element) parent.insertBefore(row.element, parent.children[index] ?? null);
    update(row, item);
  });
}
