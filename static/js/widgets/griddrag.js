// A tile is dragged to its place. The keyboard and the tile's menu do the same.

import { cameraAt } from './gridclicks.js';

/** @param {import('./grid.js').Wall} wall */
export function followDrags({ element, actions, view }) {
  /** @type {string|null} */
  let dragged = null;
  /** @type {Element|null} */
  let target = null;
  let after = false;

  element.addEventListener('dragstart', (event) => {
    const id = cameraAt(event);
    if (id === null || view()?.enlarged !== null || document.activeElement?.matches('.name-input')) {
      event.preventDefault();
      return;
    }
    dragged = id;
    event.dataTransfer?.setData('text/plain', id);
    if (event.dataTransfer) event.dataTransfer.effectAllowed = 'move';
  });
  element.addEventListener('dragover', (event) => {
    const tile = event.target instanceof Element ? event.target.closest('[data-camera]') : null;
    if (dragged === null || tile === null) return;
    event.preventDefault();
    const { left, width } = tile.getBoundingClientRect();
    point(tile, event.clientX > left + width / 2);
  });
  element.addEventListener('drop', (event) => {
    const beside = target?.getAttribute('data-camera');
    if (dragged !== null && beside) {
      event.preventDefault();
      actions.move(dragged, beside, after);
    }
    end();
  });
  element.addEventListener('dragend', end);

  /** Shows where it would stand. @param {Element|null} tile @param {boolean} isAfter */
  function point(tile, isAfter) {
    if (target !== tile) target?.removeAttribute('data-drop');
    target = tile;
    after = isAfter;
    tile?.setAttribute('data-drop', isAfter ? 'after' : 'before');
  }

  function end() {
    point(null, false);
    dragged = null;
  }
}
