// Which cameras are on the wall and how: the view, its columns, the shape of cells, and what is drawn over pictures.

import { button, el, icon, setAttr, setText } from '../lib/dom.js';
import { COLUMNS, SHAPES, USUAL_SHAPE } from '../lib/layout.js';
import { mayOperate } from '../lib/rights.js';
import { namedViews, viewCalled } from '../lib/viewlist.js';
import { confirmLoss } from './menu.js';
import { createViewDialog } from './viewdialog.js';

const SAME_SHAPE = 0.01;
/** @type {{name: keyof import('../lib/views.js').Layers, label: string}[]} */
const LAYERS = [
  { name: 'boxes', label: 'Boxes' }, { name: 'points', label: 'Points' }, { name: 'names', label: 'Names' },
];

/**
 * @param {object} parts
 * @param {import('../lib/actions.js').Actions} parts.actions
 * @param {import('./menu.js').Menu} parts.menu
 * @param {(view: string|null) => void} parts.onView  it shall be shown; null: all cameras
 * @param {(seconds: number) => void} parts.onKiosk  the wall shall be shown without anything else
 */
export function createViewPanel({ actions, menu, onView, onKiosk }) {
  const words = el('span', { class: 'view-name' });
  const choice = button([words, icon('down')], 'view-menu', () => menu.open(choice, items()), 'button view-button');
  setAttr(choice, 'aria-haspopup', 'menu');
  setAttr(choice, 'aria-expanded', false);
  const columns = segments('Columns', COLUMNS.map((value) => ({
    name: `columns-${value ?? 'auto'}`, label: value === null ? 'Auto' : String(value),
    run: () => actions.book.change({ columns: value }),
  })));
  const shapes = segments('Shape', SHAPES.map(({ label, shape }) => ({
    name: `shape-${label}`, label, run: () => actions.book.change({ shape }),
  })));
  const layers = segments('Drawn', LAYERS.map(({ name, label }) => ({
    name: `layer-${name}`, label,
    run: () => { if (view) actions.setLayers({ ...view.layers, [name]: !view.layers[name] }); },
  })));
  const element = el('section', { class: 'view-panel aside-part', 'aria-label': 'View', 'data-testid': 'view-panel' },
    choice, columns.element, shapes.element, layers.element);
  const dialog = createViewDialog();
  /** @type {import('../lib/views.js').View|null} */
  let view = null;

  /** @returns {import('./menu.js').Item[]} */
  function items() {
    const views = view?.views ?? [];
    const name = view?.viewName ?? null;
    const shown = name === null ? null : viewCalled(views, name);
    const wall = [null, ...namedViews(views).map((each) => each.name)].map((each) => ({
      name: 'view', label: each ?? 'All cameras', icon: each === name ? 'check' : 'blank', run: () => onView(each),
    }));
    const add = {
      name: 'view-add', label: 'Save as a view…', icon: 'plus',
      run: () => dialog.open('Save as a view', 'Save', '', actions.book.add),
    };
    return [...wall, add, ...(shown?.own ? changes(shown) : []),
      { name: 'kiosk', label: 'Kiosk', icon: 'fullscreen', run: () => onKiosk(namedViews(views).length > 1 ? 20 : 0) }];
  }

  /** @param {import('../lib/types.js').ViewShown} shown @returns {import('./menu.js').Item[]} */
  function changes({ name, shared }) {
    const what = `The view “${name}” and its layout are removed. Its cameras stay.`;
    const remove = async () => {
      if (await confirmLoss({ title: `Remove the view “${name}”?`, what, yes: 'Remove this view' })) {
        actions.book.remove(name);
      }
    };
    const share = {
      name: 'view-share', label: shared ? 'Stop sharing' : 'Share with all accounts', icon: 'people',
      run: () => { actions.book.share(name, !shared); },
    };
    return [
      {
        name: 'view-rename', label: 'Rename this view…', icon: 'rename',
        run: () => dialog.open('Rename the view', 'Rename', name, (now) => actions.book.rename(name, now)),
      },
      ...(mayOperate() ? [share] : []),
      { name: 'view-remove', label: 'Remove this view…', icon: 'forget', danger: true, run: remove },
    ];
  }

  return {
    element,
    /** @param {import('../lib/views.js').View|null} next */
    setState(next) {
      view = next;
      if (view === null) return;
      const { viewName, columns: number, shape, layers: drawn, views } = view;
      const shared = viewName !== null && viewCalled(views ?? [], viewName)?.shared;
      setText(words, viewName ?? 'All cameras');
      setAttr(choice, 'aria-label', `View: ${viewName ?? 'All cameras'}${shared ? ', shared' : ''}`);
      columns.press(COLUMNS.map((value) => value === number));
      shapes.press(SHAPES.map((each) => Math.abs(each.shape - (shape ?? USUAL_SHAPE)) < SAME_SHAPE));
      layers.press(LAYERS.map(({ name }) => drawn[name]));
    },
  };
}

/**
 * A row of buttons of which some are pressed.
 * @param {string} label @param {{name: string, label: string, run: () => void}[]} choices
 */
function segments(label, choices) {
  const buttons = choices.map(({ name, label: words, run }) => button(words, name, run, 'segment'));
  return {
    element: el('div', { class: 'segments', role: 'group', 'aria-label': label },
      el('span', { class: 'small quiet', 'aria-hidden': 'true' }, label),
      el('span', { class: 'segments-row' }, ...buttons)),
    /** @param {boolean[]} pressed */
    press: (pressed) => buttons.forEach((each, index) => setAttr(each, 'aria-pressed', pressed[index])),
  };
}
