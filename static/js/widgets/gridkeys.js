// The keys of the wall: arrows go from tile to tile, with Shift they select, with Control they move the tile.

import { clicked, reached, stepOf } from '../lib/order.js';
import { mayOperate } from '../lib/rights.js';
import { cameraAt } from './gridclicks.js';

const TYPING = 'input:not([type=checkbox]), textarea, select';

/** @param {import('./grid.js').Wall} wall */
export function followKeys(wall) {
  const { element, actions, ids, columns, view, focus, rename } = wall;

  element.addEventListener('keydown', (event) => {
    const id = cameraAt(event);
    const now = view();
    const { target } = event;
    if (id === null || now === null || !(target instanceof Element) || target.closest(TYPING)) return;
    const isOnTile = target.hasAttribute('data-camera');
    const modified = event.ctrlKey || event.metaKey;
    if (event.altKey) return;
    if (stepOf(event.key, 1) !== 0 && modified) actions.shift(id, stepOf(event.key, columns()));
    else if (['Home', 'End'].includes(event.key) || stepOf(event.key, 1) !== 0) go(id, event.key, event.shiftKey, now);
    else if (modified) return;
    else if (event.key === 'Enter' && isOnTile && now.enlarged === null) actions.open(id);
    else if (event.key === ' ' && isOnTile) actions.select(id, !now.selected.has(id));
    else if (event.key === 'F2' && mayOperate()) rename(id);
    else return;
    event.preventDefault();
  });

  /** @param {string} id @param {string} key @param {boolean} shift @param {import('../lib/views.js').View} now */
  function go(id, key, shift, now) {
    const order = ids();
    const to = order[reached(key, order.indexOf(id), columns(), order.length)];
    if (!to) return;
    if (shift) {
      wall.anchor ??= id;
      actions.selectOnly(clicked(order, now.selected, to, { anchor: wall.anchor, shift, toggle: false }));
    } else {
      wall.anchor = to;
    }
    focus(to);
  }

  // Everywhere on the page: the tile that has the focus, or the pointer.
  document.addEventListener('keydown', (event) => {
    const other = event.ctrlKey || event.metaKey || event.altKey || event.key !== 'f';
    const isBusy = event.target instanceof Element && event.target.closest(`${TYPING}, dialog[open], [role=menu]`);
    if (other || isBusy) return;
    const open = view()?.enlarged ? element.querySelector(':scope > :not([hidden])') : null;
    const tile = element.querySelector(':scope > :focus-within') ?? element.querySelector(':scope > :hover') ?? open;
    event.preventDefault();
    actions.fullScreen(tile);
  });
}
