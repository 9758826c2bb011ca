// What a click on a tile does: it selects as in a list of files; twice, or with a finger, it opens the camera.

import { clicked } from '../lib/order.js';
import { mayOperate } from '../lib/rights.js';

/** What has a click of its own. */
const OTHERS = 'button, input, a, label, [data-own-clicks]';

/**
 * The camera of the tile that was meant.
 * @param {Event} event @returns {string|null}
 */
export function cameraAt({ target }) {
  const tile = target instanceof Element ? target.closest('[data-camera]') : null;
  return tile?.getAttribute('data-camera') ?? null;
}

/** @param {EventTarget|null} target */
export const isOther = (target) => target instanceof Element && target.closest(OTHERS) !== null;

/** @param {import('./grid.js').Wall} wall */
export function followPointer(wall) {
  const { element, actions, ids, view, focus, rename } = wall;
  let isTouch = false;

  element.addEventListener('pointerdown', ({ pointerType }) => { isTouch = pointerType === 'touch'; });
  element.addEventListener('click', (event) => {
    const id = cameraAt(event);
    const now = view();
    if (id === null || now === null || isOther(event.target) || now.enlarged !== null) return;
    if (isTouch) { actions.open(id); return; }
    const { shiftKey: shift, ctrlKey, metaKey } = event;
    if (shift) wall.anchor ??= id;
    else wall.anchor = id;
    actions.selectOnly(clicked(ids(), now.selected, id, { anchor: wall.anchor, shift, toggle: ctrlKey || metaKey }));
    focus(id);
  });
  element.addEventListener('dblclick', (event) => {
    const id = cameraAt(event);
    if (id === null || isOther(event.target)) return;
    const isName = event.target instanceof Element && event.target.closest('.tile-name') !== null;
    if (isName && mayOperate()) rename(id);
    else if (view()?.enlarged === null) actions.open(id);
    else actions.leave();
  });
  // With Shift a range is selected, and not the words between.
  element.addEventListener('mousedown', (event) => {
    if (event.shiftKey && !isOther(event.target)) event.preventDefault();
  });
}
