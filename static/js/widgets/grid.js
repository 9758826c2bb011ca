// @ts-nocheck
// The wall of tiles: as large as the window allows, one per camera, and only looked at when it can be seen.

import { el, keyed, setAttr, setHidden } from '../lib/dom.js';
import { chooseLayout, commonShape, fitShape } from '../lib/layout.js';
import { createTile } from './tile.js';

const PULSE_MS = 700;

/**
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {(id: string) => void} parts.onObjects  what objects of this camera are shown shall be chosen
 * @param {ReturnType<import('../lib/live.js').createLive>} parts.live  is told where to draw, and what can be seen
 */
export function createGrid(root, { actions, menu, live, onObjects }) {
  const element = el('div', { class: 'grid', 'data-testid': 'grid' });
  const tiles = new Map();
  const visible = new Set();
  let view = null;
  let watched = '[]';
  root.append(element);

  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) visible[isIntersecting ? 'add' : 'delete'](target.dataset.camera);
    watch();
  });
  new ResizeObserver(() => arrange()).observe(root);
  document.addEventListener('visibilitychange', () => watch());

  function make({ id }) {
    const tile = createTile({ id, actions, menu, onObjects: () => onObjects(id), onShape: arrange });
    seen.observe(tile.element);
    live.show(id, tile.canvas);
    return tile;
  }

  const isShown = (id) => !view.onlySelected || view.selected.has(id);
  const isHidden = (id) => view.enlarged !== null && view.enlarged !== id;

  /** @param {import('../lib/views.js').View|null} next */
  function setState(next) {
    if (next === null) return;
    view = next;
    const before = [...tiles.keys()];
    keyed(element, view.cameras, tiles, {
      key: (camera) => camera.id,
      make,
      update: (tile, camera) => {
        setHidden(tile.element, isHidden(camera.id));
        tile.setState({
          camera, selected: view.selected.has(camera.id), shown: isShown(camera.id), lost: view.link === 'lost', enlarged: view.enlarged === camera.id,
          options: view.options, status: view.status,
        });
      },
    });
    for (const id of before) if (!tiles.has(id)) { visible.delete(id); live.forget(id); }
    arrange();
    watch();
  }

  function arrange() {
    if (!view) return;
    const shown = view.cameras.map(({ id }) => id).filter((id) => !isHidden(id));
    const shapes = shown.map((id) => tiles.get(id).shape()).filter(Boolean);
    const shape = commonShape(shapes);
    const style = getComputedStyle(root);
    const width = root.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const height = root.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    const cells = chooseLayout({ count: shown.length, width, height, shape });
    element.style.gridTemplateColumns = `repeat(${cells.columns}, ${cells.cellWidth}px)`;
    element.style.gridAutoRows = `${cells.cellHeight}px`;
    setAttr(element, 'data-columns', cells.columns);
    shown.forEach((id) => tiles.get(id).setSize(fitShape(tiles.get(id).shape() ?? shape, cells)));
  }

  /** Only what can be seen is asked for: nothing for a hidden tab, nothing for tiles out of sight. */
  function watch() {
    if (!view) return;
    const ids = document.hidden ? [] : view.cameras.map(({ id }) => id).filter((id) => visible.has(id) && isShown(id) && !isHidden(id));
    const now = JSON.stringify(ids);
    if (now === watched) return;
    watched = now;
    live.watch(ids);
  }

  return {
    setState,
    /** @param {Object<string, import('../lib/views.js').PaintReport>} reports by camera */
    pictures(reports, now_s) {
      for (const [id, report] of Object.entries(reports)) tiles.get(id)?.setReport(report, now_s);
    },
    result: (message) => tiles.get(message.camera_id)?.result(message),
    follow: (now_s) => tiles.forEach((tile) => tile.follow(now_s)),
    tick: (now_s) => tiles.forEach((tile) => tile.tick(now_s)),
    stats: (now_s) => Object.fromEntries([...tiles].map(([id, tile]) => [id, tile.stats(now_s)])),
    /** Draws the eye to where one selects, and puts the focus there. */
    pointAtCheckboxes() {
      element.classList.remove('is-pulsing');
      void element.offsetWidth;
      element.classList.add('is-pulsing');
      setTimeout(() => element.classList.remove('is-pulsing'), PULSE_MS);
      const first = view?.cameras.find(({ id }) => !isHidden(id));
      if (first) tiles.get(first.id).focus();
    },
  };
}
