// The wall of tiles, one per camera. The hub sends pictures only for tiles in sight.

import { el, keyed, setAttr, setHidden, setSentence } from '../lib/dom.js';
import { chooseLayout, USUAL_SHAPE } from '../lib/layout.js';
import { arranged } from '../lib/order.js';
import { followPointer } from './gridclicks.js';
import { followDrags } from './griddrag.js';
import { followKeys } from './gridkeys.js';
import { createTile } from './tile.js';

const PULSE_MS = 700;
/** What of the window an open camera leaves to what is told of it. */
const BELOW_PX = 96;

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
  const nothing = el('p', { class: 'grid-nothing quiet', 'data-testid': 'grid-nothing', hidden: true });
  /** @type {Map<string, ReturnType<typeof createTile>>} */
  const tiles = new Map();
  /** @type {Set<string>} */
  const visible = new Set();
  /** @type {import('../lib/views.js').View|null} */
  let view = null;
  let watched = '[]';
  let columns = 1;
  /** @type {string|null} the tile that Tab leads to */
  let current = null;
  root.append(nothing, element);

  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      visible[isIntersecting ? 'add' : 'delete'](target.getAttribute('data-camera') ?? '');
    }
    watch();
  });
  // The pictures follow their cells, whatever has changed those: the layout, or a tile on the full screen.
  const sized = new ResizeObserver((entries) => {
    for (const { target, contentRect: { width, height } } of entries) {
      if (width > 0) tiles.get(target.getAttribute('data-camera') ?? '')?.setSize(width, height);
    }
  });
  new ResizeObserver(() => arrange()).observe(root);
  document.addEventListener('visibilitychange', () => watch());

  /** @param {import('../lib/types.js').CameraView} camera */
  function make({ id }) {
    const tile = createTile({ id, actions, menu, onObjects: () => onObjects(id), live });
    seen.observe(tile.element);
    sized.observe(tile.element);
    return tile;
  }

  /** The cameras whose tiles are shown, in order. */
  function shown() {
    if (!view) return [];
    const { opened, enlarged, cameras, inView, onlySelected, selected } = view;
    if (opened !== null) return cameras.filter(({ id }) => id === enlarged);
    return onlySelected ? inView.filter(({ id }) => selected.has(id)) : inView;
  }
  const shownIds = () => shown().map(({ id }) => id);

  /** @param {import('../lib/views.js').View|null} next */
  function setState(next) {
    if (next === null) return;
    view = next;
    const { cameras, inView, selected, link, enlarged, options, status } = next;
    const ids = shownIds();
    const before = [...tiles.keys()];
    if (current === null || !ids.includes(current)) current = ids[0] ?? null;
    keyed(element, arranged(cameras, inView.map(({ id }) => id)), tiles, {
      key: (camera) => camera.id,
      make,
      update: (tile, camera) => {
        setHidden(tile.element, !ids.includes(camera.id));
        tile.setState({
          camera, selected: selected.has(camera.id), lost: link === 'lost', enlarged: enlarged === camera.id,
          options, status,
        });
        tile.element.tabIndex = camera.id === current ? 0 : -1;
      },
    });
    for (const id of before) if (!tiles.has(id)) { visible.delete(id); live.forget(id); }
    setSentence(nothing, nothingText());
    arrange();
    watch();
  }

  /** Why no tile is shown though there are cameras. */
  function nothingText() {
    if (!view || view.cameras.length === 0 || shown().length > 0) return '';
    if (view.opened !== null && view.enlarged === null) return 'There is no camera at this address.';
    if (view.viewName !== null && view.inView.length === 0 && view.views) {
      return `There is no view called ${view.viewName}.`;
    }
    return view.inView.length > 0 ? 'No camera is selected.' : '';
  }

  /** Nothing but the number of cells, the window and the viewer's choice changes the layout; pictures never do. */
  function arrange() {
    if (!view) return;
    const style = getComputedStyle(root);
    const width = root.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const height = root.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    const cells = view.enlarged === null
      ? chooseLayout({
        count: shown().length, width, height, shape: view.shape ?? USUAL_SHAPE, columns: view.columns,
      })
      : { columns: 1, cellWidth: width, cellHeight: Math.max(0, Math.min(height - BELOW_PX, width)) };
    ({ columns } = cells);
    setStyle('--columns', String(cells.columns));
    setStyle('--cell-width', `${cells.cellWidth}px`);
    setStyle('--cell-height', `${cells.cellHeight}px`);
    setAttr(element, 'data-columns', cells.columns);
  }

  /** @param {string} name @param {string} value */
  function setStyle(name, value) {
    if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value);
  }

  /** The cameras whose pictures can be seen. */
  const inSight = () => shownIds().filter((id) => visible.has(id));

  /** Asks only for what is in sight: nothing for a hidden tab, nothing for tiles out of sight. */
  function watch() {
    if (!view) return;
    const ids = document.hidden ? [] : inSight();
    const now = JSON.stringify(ids);
    if (now === watched) return;
    watched = now;
    live.watch(ids);
  }

  /** @param {string} id */
  function focus(id) {
    const tile = tiles.get(id);
    if (!tile) return;
    if (current) tiles.get(current)?.element.setAttribute('tabindex', '-1');
    current = id;
    tile.element.tabIndex = 0;
    tile.element.focus();
  }

  const wall = {
    element,
    actions,
    /** @type {string|null} */
    anchor: null,
    ids: shownIds,
    columns: () => columns,
    view: () => view,
    focus,
    /** @param {string} id */
    rename: (id) => tiles.get(id)?.rename(),
  };
  followPointer(wall);
  followKeys(wall);
  followDrags(wall);

  return {
    setState,
    focus,
    rename: wall.rename,
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
      const [first] = shownIds();
      if (first) tiles.get(first)?.focus();
    },
  };
}

/**
 * What the hands of a viewer act on.
 * @typedef {object} Wall
 * @property {HTMLElement} element
 * @property {import('../lib/actions.js').Actions} actions
 * @property {string|null} anchor  where a range begins
 * @property {() => string[]} ids  of the tiles that are shown, in order
 * @property {() => number} columns
 * @property {() => import('../lib/views.js').View|null} view
 * @property {(id: string) => void} focus
 * @property {(id: string) => void} rename
 */
