// @ts-nocheck
// A camera's picture as it is now, with a button on every face.

import { el, keyed, setAttr, setHidden, setText } from '../lib/dom.js';
import { isAsked, isIdentifying } from '../lib/options.js';
import { faceWords, personHue } from '../lib/people.js';
import { isStale } from '../lib/words.js';

const HUES = 12;
const WIDER = 0.3; // of a face's longer side, so that the whole head is in its crop
const CROP_PX = 160;

/**
 * @param {object} parts
 * @param {string} parts.label  of the choice of cameras
 * @param {ReturnType<import('../lib/live.js').createLive>} parts.live  is told where to draw
 * @param {() => void} parts.onWatch  another camera is wanted
 * @param {(pick: {camera: object, face: object|null, preview: HTMLCanvasElement|null, button: HTMLElement}) => void} parts.onPick  without a face: the whole picture
 */
export function createFacePicker({ label, live, onWatch, onPick }) {
  const select = el('select', { class: 'field', 'aria-label': label, 'data-testid': 'picker-camera', onchange: () => choose(select.value) });
  const stage = el('div', { class: 'live-picture', 'data-testid': 'picker-picture', hidden: true });
  const faces = el('div', { class: 'live-faces', role: 'group', 'aria-label': 'Faces in the picture' });
  const words = el('p', { class: 'quiet small', role: 'status', 'data-testid': 'picker-words' });
  const whole = el('button', { type: 'button', class: 'button', 'data-testid': 'picker-whole', onclick: () => onPick({ camera: camera(), face: null, preview: crop(null), button: whole }) }, 'Use the whole picture');
  const element = el('div', { class: 'picker' }, select, stage, words, whole);
  const entries = new Map();
  const rows = new Map();
  /** @type {import('../lib/types.js').CameraView[]} */
  let cameras = [];
  /** @type {import('../lib/types.js').Option[]} */
  let options = [];
  let chosen = null;
  let shown = false;
  let canvas = null;
  /** UNIX seconds of the picture that is shown; null before the first */
  let shown_s = null;
  let result = null;

  const camera = () => cameras.find(({ id }) => id === chosen);

  /** Another camera begins with an empty picture. */
  function choose(id) {
    if (chosen) live.forget(chosen);
    chosen = id || null;
    canvas = el('canvas', { role: 'img', width: 1, height: 1, 'aria-label': `Picture of ${camera()?.name ?? ''}` });
    shown_s = null;
    result = null;
    select.value = id;
    stage.replaceChildren(canvas, faces);
    if (chosen) live.show(chosen, canvas);
    render();
    onWatch();
  }

  /** Always in one order: a button that is moved loses the focus. */
  function current() {
    const faces = result?.faces && shown_s !== null && !isStale(result, shown_s) ? result.faces : [];
    return [...faces].sort((one, other) => (one.track_id ?? 0) - (other.track_id ?? 0));
  }

  function render() {
    const ready = shown_s !== null;
    setHidden(stage, !ready);
    setHidden(select, cameras.length < 2);
    setHidden(whole, !ready || looksForFaces());
    setText(words, explain(ready));
    const seen = current();
    keyed(faces, seen, rows, { key: (face) => face.track_id ?? `place ${seen.indexOf(face)}`, make: faceButton, update: updateFace });
  }

  const looksForFaces = () => isAsked(options, camera(), 'faces');

  function explain(ready) {
    if (!cameras.length) return 'No camera is online.';
    if (!ready) return 'Waiting for a picture.';
    if (!looksForFaces()) return 'This camera does not look for faces now: its whole picture can be used, with one face in it.';
    return current().length ? '' : 'No face is in view.';
  }

  function faceButton() {
    const name = el('span', { class: 'live-name', dir: 'auto' });
    const row = { element: el('button', { type: 'button', class: 'live-face', 'data-testid': 'picker-face', onclick: () => pick(row) }, name), name, face: null };
    return row;
  }

  const pick = (row) => onPick({ camera: camera(), face: row.face, preview: crop(row.face.box), button: row.element });

  function updateFace(row, face) {
    row.face = face;
    const [x1, y1, x2, y2] = face.box;
    const { style } = row.element;
    style.left = `${(100 * x1) / result.width}%`;
    style.top = `${(100 * y1) / result.height}%`;
    style.width = `${(100 * (x2 - x1)) / result.width}%`;
    style.height = `${(100 * (y2 - y1)) / result.height}%`;
    style.setProperty('--hue', `var(--hue-${(face.person ? personHue(face.person.id) : (face.track_id ?? 0) % HUES) + 1})`);
    setText(row.name, faceWords(face) ?? '');
    setAttr(row.element, 'aria-label', `Face: ${faceWords(face) || 'not decided'}`);
  }

  /** What was clicked on, to be seen beside what is asked next; the hub takes a newer picture of the same face. */
  function crop(box) {
    if (!canvas) return null;
    const scale = result ? canvas.width / result.width : 1;
    const [x1, y1, x2, y2] = box ? box.map((value) => value * scale) : [0, 0, canvas.width, canvas.height];
    const side = box ? Math.max(x2 - x1, y2 - y1) * (1 + WIDER) : Math.min(canvas.width, canvas.height);
    const small = el('canvas', { width: CROP_PX, height: CROP_PX, role: 'img', 'aria-label': 'The face as it was picked' });
    small.getContext('2d').drawImage(canvas, (x1 + x2 - side) / 2, (y1 + y2 - side) / 2, side, side, 0, 0, CROP_PX, CROP_PX);
    return small;
  }

  return {
    element,
    /** The camera whose pictures are wanted now. */
    watched: () => (shown ? chosen : null),
    setShown(value) {
      if (shown === value) return;
      shown = value;
      if (shown) choose(camera() ? chosen : usual());
      else onWatch();
    },
    /** @param {import('../lib/types.js').CameraView[]} all @param {import('../lib/types.js').Option[]} offered */
    setCameras(all, offered) {
      options = offered;
      cameras = all.filter(({ state }) => state === 'online');
      keyed(select, cameras, entries, { key: ({ id }) => id, make: ({ id }) => ({ element: el('option', { value: id }) }), update: (row, { name }) => setText(row.element, name) });
      if (shown && !camera() && (cameras.length || chosen)) choose(usual());
      else if (camera()) select.value = chosen;
      render();
    },
    /** @param {Object<string, import('../lib/views.js').PaintReport>} reports by camera */
    pictures(reports) {
      if (!shown || !reports[chosen]) return;
      shown_s = reports[chosen].captured_at;
      render();
    },
    result(message) {
      if (!shown || message.camera_id !== chosen) return;
      result = message;
      render();
    },
  };

  /** One that recognises is what one wants to see most. */
  function usual() {
    return (cameras.find((each) => isIdentifying(options, each)) ?? cameras[0])?.id ?? '';
  }
}
