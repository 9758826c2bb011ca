// Draws zones, lines and masks on a camera's picture: with mouse, finger or keys.

import { api, reason } from '../lib/api.js';
import { button, el, iconButton, setSentence, svg } from '../lib/dom.js';
import { opener } from '../lib/dialog.js';
import { inArrow, inPicture, newShape, shapesOf, withCorner, zonesOf } from '../lib/shapes.js';

/** @typedef {import('../lib/shapes.js').Shape} Shape */

const MOST_CORNERS = 32;
const STEP = 0.01;
/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
/** @type {[Shape['mask'], string][]} */
const MASKS = [['motion', 'ignores motion'], ['objects', 'ignores objects'], ['privacy', 'is black for everyone']];
const HELP = 'Drag the corners, or move one with the arrow keys; Shift moves it further. A click on the picture, or +, '
  + 'adds a corner, Delete removes it.';

/** @param {Pick<import('../lib/types.js').CameraView, 'id'|'name'>} camera */
export function openZones({ id, name }) {
  const image = el('img', { alt: `The picture of ${name}`, draggable: false });
  const drawing = svg('svg', { viewBox: '0 0 1 1', preserveAspectRatio: 'none' });
  const corners = el('div', {});
  const picture = el('div', { class: 'zone-picture', 'data-testid': 'zone-picture' }, image, drawing, corners);
  const list = el('ul', { class: 'zone-list', 'data-testid': 'zone-list' });
  const problem = el('p', { class: 'problem', role: 'alert', 'data-testid': 'zone-problem', hidden: true });
  const save = button('Save', 'zone-save', send, 'button primary');
  const adds = ['zone', 'line', 'mask'].map((kind) => button(`Add a ${kind}`, `add-${kind}`,
    () => add(/** @type {Shape['kind']} */ (kind))));
  const dialog = el('dialog', { class: 'dialog zone-dialog', 'aria-label': 'Zones', 'data-testid': 'zone-dialog' },
    el('h2', {}, `Zones, lines and masks of ${name}`), el('p', { class: 'quiet small' }, HELP), picture, list, problem,
    el('div', { class: 'row' }, ...adds, el('span', { class: 'spring' }),
    button('Cancel', 'zone-cancel', () => dialog.close()), save));
  /** @type {Shape[]} */
  let shapes = [];
  let chosen = 0;
  let address = '';
  /** @type {string|null} */
  let version = null;
  drawing.addEventListener('click', (event) => clicked(/** @type {MouseEvent} */ (event)));
  offer(false);
  opener(dialog, () => URL.revokeObjectURL(address))();
  load();

  async function load() {
    try {
      const found = await api.zones(id);
      shapes = shapesOf(found.drawn);
      version = found.version;
      offer(true);
      draw();
      address = URL.createObjectURL(await api.snapshot(id, false));
      image.src = address;
      image.addEventListener('load', draw);
    } catch (error) {
      setSentence(problem, reason(error));
    }
  }

  /** To save before all is known would remove what is there. @param {boolean} isKnown */
  function offer(isKnown) {
    for (const each of [...adds, save]) each.disabled = !isKnown;
  }

  /** @param {Shape['kind']} kind */
  function add(kind) {
    shapes.push(newShape(kind, shapes.filter((shape) => shape.kind === kind).length + 1));
    chosen = shapes.length - 1;
    draw();
    /** @type {HTMLElement|null} */ (corners.firstElementChild)?.focus();
  }

  async function send() {
    setSentence(problem, '');
    try {
      await api.setZones(id, zonesOf(shapes), version);
      dialog.close();
    } catch (error) {
      setSentence(problem, reason(error));
    }
  }

  /** A click on the picture adds a corner to what is chosen. @param {MouseEvent} event */
  function clicked(event) {
    const shape = shapes[chosen];
    if (!shape || shape.kind === 'line' || shape.places.length >= MOST_CORNERS) return;
    shape.places = withCorner(shape.places, placeOf(event));
    draw();
  }

  /** @param {MouseEvent} event @returns {import('../lib/shapes.js').Place} */
  function placeOf({ clientX, clientY }) {
    const { left, top, width, height } = picture.getBoundingClientRect();
    return inPicture([(clientX - left) / width, (clientY - top) / height]);
  }

  function draw() {
    const shape = (image.naturalWidth || 16) / (image.naturalHeight || 9);
    drawing.replaceChildren(...shapes.flatMap((each, index) => outline(each, index, shape)));
    corners.replaceChildren(...(shapes[chosen]?.places ?? []).map((_, index) => corner(index)));
    list.replaceChildren(...shapes.map(row));
  }

  /** @param {Shape} each @param {number} index @param {number} shape */
  function outline(each, index, shape) {
    const kind = `zone-shape is-${each.kind}${index === chosen ? ' is-chosen' : ''}`;
    const points = each.places.map((place) => place.join(',')).join(' ');
    const line = svg(each.kind === 'line' ? 'polyline' : 'polygon', { points, class: kind });
    line.addEventListener('click', (event) => {
      if (index === chosen) return;
      event.stopPropagation();
      chosen = index;
      draw();
    });
    if (each.kind !== 'line') return [line];
    const arrow = inArrow(each.places, shape).map((place) => place.join(',')).join(' ');
    return [line, svg('polyline', { points: arrow, class: `${kind} is-arrow` })];
  }

  /** @param {number} index */
  function corner(index) {
    const shape = shapes[chosen];
    const words = shape.kind === 'line' ? ['Begin', 'End'][index] : `Corner ${index + 1}`;
    const props = { type: 'button', class: 'zone-corner', 'aria-label': words, 'data-testid': 'zone-corner' };
    const node = el('button', props);
    put(node, index);
    node.addEventListener('pointerdown', (event) => {
      node.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    node.addEventListener('pointermove', (event) => {
      if (node.hasPointerCapture(event.pointerId)) move(node, index, placeOf(event));
    });
    node.addEventListener('keydown', (event) => pressed(event, node, index));
    return node;
  }

  /** @param {HTMLElement} node @param {number} index */
  function put(node, index) {
    const [x, y] = shapes[chosen].places[index];
    node.style.left = `${x * 100}%`;
    node.style.top = `${y * 100}%`;
  }

  /** @param {HTMLElement} node @param {number} index @param {import('../lib/shapes.js').Place} place */
  function move(node, index, place) {
    shapes[chosen].places = shapes[chosen].places.map((each, at) => (at === index ? place : each));
    put(node, index);
    const shape = (image.naturalWidth || 16) / (image.naturalHeight || 9);
    drawing.replaceChildren(...shapes.flatMap((each, at) => outline(each, at, shape)));
  }

  /** @param {KeyboardEvent} event @param {HTMLElement} node @param {number} index */
  function pressed(event, node, index) {
    const shape = shapes[chosen];
    const { places } = shape;
    const isPolygon = shape.kind !== 'line';
    if (event.key in STEPS) {
      const factor = event.shiftKey ? 5 : 1;
      const [right, down] = STEPS[event.key];
      move(node, index, inPicture([places[index][0] + right * factor, places[index][1] + down * factor]));
    } else if (event.key === '+' && isPolygon && places.length < MOST_CORNERS) {
      const [x, y] = places[(index + 1) % places.length];
      const middle = inPicture([(places[index][0] + x) / 2, (places[index][1] + y) / 2]);
      shape.places = [...places.slice(0, index + 1), middle, ...places.slice(index + 1)];
      redraw(index + 1);
    } else if (event.key === 'Delete' && isPolygon && places.length > 3) {
      shape.places = places.filter((_, at) => at !== index);
      redraw(Math.max(0, index - 1));
    } else {
      return;
    }
    event.preventDefault();
  }

  /** @param {number} focus */
  function redraw(focus) {
    draw();
    /** @type {HTMLElement|undefined} */ (corners.children[focus])?.focus();
  }

  /** The rows have been made again. @param {number} index -1: there is none @param {'input'|'button'} what */
  function focusRow(index, what) {
    /** @type {HTMLElement|null} */ ((list.children[index] ?? dialog).querySelector(what))?.focus();
  }

  /** @param {Shape} shape @param {number} index */
  function row(shape, index) {
    const pick = el('input', {
      type: 'radio',
      name: 'zone',
      class: 'radio',
      checked: index === chosen,
      'aria-label': `Edit ${shape.name || 'mask'}`,
      onchange: () => {
        chosen = index;
        draw();
        focusRow(index, 'input');
      },
    });
    const kinds = MASKS.map(([kind, words]) => el('option', { value: kind }, words));
    const field = shape.kind === 'mask'
      ? el('select', {
        class: 'field', 'aria-label': 'What the mask does', 'data-testid': 'mask-kind', onchange: changed,
      }, ...kinds)
      : el('input', {
        class: 'field', maxLength: 80, 'aria-label': 'Name', 'data-testid': 'zone-name', oninput: changed,
      });
    field.value = shape.kind === 'mask' ? shape.mask : shape.name;
    function changed() {
      if (shape.kind === 'mask') shape.mask = MASKS.find(([kind]) => kind === field.value)?.[0] ?? 'motion';
      else shape.name = field.value;
    }
    const gone = iconButton('forget', `Remove ${shape.name || 'mask'}`, {
      onclick: () => {
        shapes.splice(index, 1);
        chosen = Math.max(0, Math.min(chosen, shapes.length - 1));
        draw();
        focusRow(Math.min(index, shapes.length - 1), 'button');
      },
    });
    return el('li', { class: 'zone-row' }, pick, el('span', { class: 'quiet small' }, shape.kind), field, gone);
  }
}
