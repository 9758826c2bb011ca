// The wall of tiles, one per camera, as large as the window allows. The hub sends pictures only for tiles in sight.

import { el, keyed, setAttr, setHidden } from '../lib/dom.js';
import { chooseLayout, commonShape, fitShape } from '../lib/layout.js';
import { createTile } from './tile.js';

const PULSE_MS = 700;

/**
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {import('../lib/actions.js').Actions} parts.actions
 * @param {import('./menu.js').Menu} parts.menu
 * @param {(id: string) => void} parts.onObjects  opens the object settings of this camera
 * @param {ReturnType<typeof import('../lib/live.js').createLive>} parts.live  is told where to draw, what is in sight
 */
export function createGrid(root, { actions, menu, live, onObjects }) {
  const element = el('div', { class: 'grid', 'data-testid': 'grid' });
  /** @type {Map<string, ReturnType<typeof createTile>>} */
  const tiles = new Map();
  /** @type {Set<string>} */
  const visible = new Set();
  /** @type {import('../lib/views.js').View|null} */
  let view = null;
  let watched = '[]';
  root.append(element);

  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      visible[isIntersecting ? 'add' : 'delete'](target.getAttribute('data-camera') ?? '');
    }
    watch();
  });
  new ResizeObserver(() => arrange()).observe(root);
  document.addEventListener('visibilitychange', () => watch());

  /** @param {import('../lib/types.js').CameraView} camera */
  function make({ id }) {
    const tile = createTile({ id, actions, menu, onObjects: () => onObjects(id), onShape: arrange, live });
    seen.observe(tile.element);
    return tile;
  }

  /** @param {string} id */
  const isShown = (id) => !view?.onlySelected || view.selected.has(id);
  /** @param {string} id */
  const isHidden = (id) => Boolean(view?.enlarged) && view?.enlarged !== id;

  /** The cameras whose pictures can be seen. */
  const inSight = () => (view?.cameras ?? []).map(({ id }) => id)
    .filter((id) => visible.has(id) && isShown(id) && !isHidden(id));

  /** @param {import('../lib/views.js').View|null} next */
  function setState(next) {
    if (next === null) return;
    view = next;
    const { cameras, selected, link, enlarged, options, status } = next;
    const before = [...tiles.keys()];
    keyed(element, cameras, tiles, {
      key: (camera) => camera.id,
      make,
      update: (tile, camera) => {
        setHidden(tile.element, isHidden(camera.id));
        tile.setState({
          camera, selected: selected.has(camera.id), shown: isShown(camera.id), lost: link === 'lost',
          enlarged: enlarged === camera.id, options, status,
        });
      },
    });
    for (const id of before) if (!tiles.has(id)) { visible.delete(id); live.forget(id); }
    arrange();
    watch();
  }

  function arrange() {
    if (!view) return;
    const shown = [...tiles].filter(([id]) => !isHidden(id)).map(([, tile]) => tile);
    const shape = commonShape(shown.map((tile) => tile.shape()).filter((each) => each !== null));
    const style = getComputedStyle(root);
    const width = root.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const height = root.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    const cells = chooseLayout({ count: shown.length, width, height, shape });
    element.style.gridTemplateColumns = `repeat(${cells.columns}, ${cells.cellWidth}px)`;
    element.style.gridAutoRows = `${cells.cellHeight}px`;
    setAttr(element, 'data-columns', cells.columns);
    shown.forEach((tile) => tile.setSize(fitShape(tile.shape() ?? shape, cells)));
  }

  /** Asks only for what is in sight: nothing for a hidden tab, nothing for tiles out of sight. */
  function watch() {
    if (!view) return;
    const ids = document.hidden ? [] : inSight();
    const now = JSON.stringify(ids);
    if (now === watched) return;
    watched = now;
    live.watch(ids);
  }

  return {
    setState,
    /** @param {Object<string, import('../lib/views.js').PaintReport>} reports by camera @param {number} now_s */
    pictures(reports, now_s) {
      for (const [id, report] of Object.entries(reports)) tiles.get(id)?.setReport(report, now_s);
    },
    /** @param {import('../lib/types.js').NewResult} message */
    result: (message) => tiles.get(message.camera_id)?.result(message),
    /** @param {number} now_s */
    tick: (now_s) => tiles.forEach((tile) => tile.tick(now_s)),
    /** How many people each tile that can be seen tells of; null: not known. */
    counts: () => new Map(inSight().map((id) => [id, tiles.get(id)?.people() ?? null])),
    /** @param {number} now_s */
    stats: (now_s) => Object.fromEntries([...tiles].map(([id, tile]) => [id, tile.stats(now_s)])),
    /** Makes the checkboxes pulse once, and puts the focus on the first. */
    pointAtCheckboxes() {
      element.classList.remove('is-pulsing');
      void element.offsetWidth;
      element.classList.add('is-pulsing');
      setTimeout(() => element.classList.remove('is-pulsing'), PULSE_MS);
      const first = view?.cameras.find(({ id }) => !isHidden(id));
      if (first) tiles.get(first.id)?.focus();
    },
  };
}
