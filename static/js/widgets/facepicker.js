// A camera's picture as it is now, with a button on every face.

import { button, el, keyed, setAttr, setHidden, setText } from '../lib/dom.js';
import { isAsked, isIdentifying } from '../lib/options.js';
import { faceWords, personHue } from '../lib/people.js';

/**
 * @typedef {import('../lib/types.js').CameraView} CameraView
 * @typedef {import('../lib/types.js').Face} Face
 *
 * @typedef {object} Pick
 * @property {CameraView} camera
 * @property {Face|null} face  null: the whole picture
 * @property {HTMLCanvasElement|null} preview
 * @property {HTMLElement} button  that was pressed
 */

const HUES = 12;
const WIDER = 0.3; // of a face's longer side, so that the whole head is in its crop
const CROP_PX = 160;
const LEAST_NOBODY_S = 1; // a face that is missed once is still in view
const NO_FACES = 'Face Detection is off for this camera. You can use its whole picture if exactly one face is in it.';

/**
 * @param {object} parts
 * @param {string} parts.label  of the choice of cameras
 * @param {ReturnType<typeof import('../lib/live.js').createLive>} parts.live  is told where to draw
 * @param {() => void} parts.onWatch  another camera is wanted
 * @param {(pick: Pick) => void} parts.onPick
 */
export function createFacePicker({ label, live, onWatch, onPick }) {
  const select = el('select', {
    class: 'field', 'aria-label': label, 'data-testid': 'picker-camera', onchange: () => choose(select.value),
  });
  const stage = el('div', { class: 'live-picture', 'data-testid': 'picker-picture', hidden: true });
  const faces = el('div', { class: 'live-faces', role: 'group', 'aria-label': 'Faces in the picture' });
  const words = el('p', { class: 'quiet small', role: 'status', 'data-testid': 'picker-words' });
  const whole = button('Use the whole picture', 'picker-whole', () => pick(null, whole));
  const element = el('div', { class: 'picker' }, select, stage, words, whole);
  const entries = new Map();
  const rows = new Map();
  /** @type {CameraView[]} */
  let cameras = [];
  /** @type {import('../lib/types.js').Option[]} */
  let options = [];
  /** @type {string|null} */
  let chosen = null;
  let shown = false;
  /** @type {HTMLCanvasElement|null} */
  let canvas = null;
  let ready = false;
  /** When the last picture with a face in it was captured, and how long before the one that is shown. */
  let seen_s = -Infinity;
  let nobodyFor_s = 0;
  /** @type {import('../lib/types.js').NewResult|null} what was found in the picture that is shown */
  let result = null;

  const camera = () => cameras.find(({ id }) => id === chosen);

  /** Another camera begins with an empty picture. @param {string} id empty: none */
  function choose(id) {
    if (chosen) live.forget(chosen);
    chosen = id || null;
    canvas = el('canvas', { role: 'img', width: 1, height: 1, 'aria-label': `Picture of ${camera()?.name ?? ''}` });
    ready = false;
    result = null;
    seen_s = -Infinity;
    select.value = id;
    stage.replaceChildren(canvas, faces);
    if (chosen) {
      live.show(chosen, canvas);
      live.tell(chosen);
    }
    ask();
    render();
    onWatch();
  }

  function ask() {
    const now = camera();
    if (shown && now) live.ask(now, options);
  }

  /** Always in one order: a button that moves loses the focus. */
  function current() {
    return [...result?.faces ?? []].sort((one, other) => (one.track_id ?? 0) - (other.track_id ?? 0));
  }

  function render() {
    setHidden(stage, !ready);
    setHidden(select, cameras.length < 2);
    setHidden(whole, !ready || looksForFaces());
    setText(words, explain());
    const seen = current();
    const key = (/** @type {Face} */ face) => face.track_id ?? `place ${seen.indexOf(face)}`;
    keyed(faces, seen, rows, { key, make: faceButton, update: updateFace });
  }

  const looksForFaces = () => isAsked(options, camera(), 'faces');

  function explain() {
    if (!cameras.length) return 'No camera is online.';
    if (!ready) return 'Waiting for a picture.';
    if (!looksForFaces()) return NO_FACES;
    return nobodyFor_s > LEAST_NOBODY_S ? 'No face is in view.' : '';
  }

  /** @param {Face} face */
  function faceButton(face) {
    const name = el('span', { class: 'live-name', dir: 'auto' });
    const row = { element: button(name, 'picker-face', () => pick(row.face, row.element), 'live-face'), name, face };
    return row;
  }

  /** @param {Face|null} face @param {HTMLElement} pressed */
  function pick(face, pressed) {
    const from = camera();
    if (from) onPick({ camera: from, face, preview: crop(face?.box ?? null), button: pressed });
  }

  /** @param {ReturnType<typeof faceButton>} row @param {Face} face */
  function updateFace(row, face) {
    row.face = face;
    const [x1, y1, x2, y2] = face.box;
    const { width, height } = result ?? { width: 1, height: 1 };
    const { style } = row.element;
    style.left = `${(100 * x1) / width}%`;
    style.top = `${(100 * y1) / height}%`;
    style.width = `${(100 * (x2 - x1)) / width}%`;
    style.height = `${(100 * (y2 - y1)) / height}%`;
    const hue = face.person ? personHue(face.person.id) : (face.track_id ?? 0) % HUES;
    style.setProperty('--hue', `var(--hue-${hue + 1})`);
    setText(row.name, faceWords(face) ?? '');
    setAttr(row.element, 'aria-label', `Face: ${faceWords(face) || 'not identified yet'}`);
  }

  /**
   * What was clicked, shown beside the next question. The hub itself takes a newer picture of the same face.
   * @param {Face['box']|null} box null: the middle of the picture
   */
  function crop(box) {
    if (!canvas) return null;
    const scale = result ? canvas.width / result.width : 1;
    const [x1, y1, x2, y2] = box ? box.map((value) => value * scale) : [0, 0, canvas.width, canvas.height];
    const side = box ? Math.max(x2 - x1, y2 - y1) * (1 + WIDER) : Math.min(canvas.width, canvas.height);
    const small = el('canvas', { width: CROP_PX, height: CROP_PX, role: 'img', 'aria-label': 'The selected face' });
    const [left, top] = [(x1 + x2 - side) / 2, (y1 + y2 - side) / 2];
    small.getContext('2d')?.drawImage(canvas, left, top, side, side, 0, 0, CROP_PX, CROP_PX);
    return small;
  }

  return {
    element,
    /** The camera whose pictures are wanted now. */
    watched: () => (shown ? chosen : null),
    /** @param {boolean} value */
    setShown(value) {
      if (shown === value) return;
      shown = value;
      if (shown) choose(camera()?.id ?? usual());
      else onWatch();
    },
    /** @param {CameraView[]} all @param {import('../lib/types.js').Option[]} offered */
    setCameras(all, offered) {
      options = offered;
      cameras = all.filter(({ state }) => state === 'online');
      keyed(select, cameras, entries, {
        key: ({ id }) => id,
        make: ({ id }) => ({ element: el('option', { value: id }) }),
        update: (row, { name }) => setText(row.element, name),
      });
      const now = camera();
      if (now) select.value = now.id;
      else if (shown && (cameras.length || chosen)) choose(usual());
      ask();
      render();
    },
    /**
     * @param {string} id
     * @param {import('../lib/views.js').Drawn} drawn  the picture that is shown, with what was found in it
     */
    drawn(id, drawn) {
      if (!shown || id !== chosen) return;
      const { captured_at } = drawn.picture;
      ready = true;
      ({ result } = drawn);
      if (result?.faces?.length || seen_s > captured_at) seen_s = captured_at;
      nobodyFor_s = captured_at - seen_s;
      render();
    },
  };

  /** A camera that recognises faces comes first. */
  function usual() {
    return (cameras.find((each) => isIdentifying(options, each)) ?? cameras[0])?.id ?? '';
  }
}
