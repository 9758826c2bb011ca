// @ts-nocheck
// Small helpers for building the page. Words from outside only ever become text, never markup.

import { ICONS } from './icons.js';

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Makes an element. Properties starting with "on" are listeners, "class" and names with a dash are attributes,
 * everything else is set as a property.
 * @param {string} tag
 * @param {Object<string, any>} [props]
 * @param {...(Node|string|null)} children
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) setProp(node, key, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

function setProp(node, key, value) {
  if (value === null || value === undefined) return;
  if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
  else if (key === 'class' || key === 'role' || key === 'for' || key.includes('-')) node.setAttribute(key, value);
  else node[key] = value;
}

/** @param {string} name one of lib/icons.js */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name] ?? ICONS.option);
  svg.append(path);
  return svg;
}

/** A button with an icon alone; the label is what a screen reader and a tooltip say. */
export function iconButton(name, label, props = {}) {
  return el('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, ...props }, icon(name));
}

/** Writes only what changed, so that screen readers and layout are left alone. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttr(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}

export function setTitle(node, text) {
  if (node.title !== text) node.title = text;
}

export function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

/** Keeps one child per item, in order, without rebuilding those that stay. */
export function keyed(parent, items, rows, { key, make, update }) {
  const wanted = new Set(items.map(key));
  for (const [id, row] of rows) if (!wanted.has(id)) { row.element.remove(); rows.delete(id); }
  items.forEach((item, index) => {
    const id = key(item);
    if (!rows.has(id)) rows.set(id, make(item));
    const row = rows.get(id);
    if (parent.children[index] !== row.element) parent.insertBefore(row.element, parent.children[index] ?? null);
    update(row, item);
  });
}
