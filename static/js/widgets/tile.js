// One camera: its picture, what was found in it, its name and how it is.

import { el, iconButton, setAttr, setHidden, setText, setTitle } from '../lib/dom.js';
import { age, rate } from '../lib/format.js';
import { createOverlay } from '../lib/overlay.js';
import { createPainter } from '../lib/painter.js';
import { foundWords, isStale, quietWords, stateSentence, stillAsked } from '../lib/words.js';
import { createNameField } from './namefield.js';
import { tileMenu } from './tilemenu.js';

/**
 * @param {object} parts
 * @param {string} parts.id
 * @param {object} parts.actions
 * @param {ReturnType<import('./menu.js').createMenu>} parts.menu
 * @param {(camera: string, seq: number) => void} parts.acknowledge
 * @param {() => void} parts.onObjects  what objects are shown shall be chosen
 * @param {() => void} parts.onShape  the picture has another shape than the tile
 */
export function createTile({ id, actions, menu, acknowledge, onObjects, onShape }) {
  const picture = el('canvas', { class: 'tile-picture', role: 'img', 'data-testid': 'tile-picture', width: 1, height: 1 });
  const boxes = el('canvas', { class: 'tile-overlay', 'aria-hidden': 'true', 'data-testid': 'tile-overlay' });
  const state = el('p', { class: 'tile-state', 'data-testid': 'tile-state', hidden: true });
  const problem = el('p', { class: 'tile-problem', role: 'status', 'data-testid': 'tile-problem', hidden: true });
  const check = el('input', { type: 'checkbox', class: 'check', 'data-testid': 'tile-checkbox' });
  const name = createNameField({ onRename: (text) => tell(actions.rename(id, text)), onDone: () => more.focus() });
  const recognition = el('span', { class: 'badge on-picture', 'data-testid': 'tile-recognition', hidden: true }, 'recognition');
  const more = iconButton('more', 'More', { class: 'icon-button tile-more', 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-testid': 'tile-menu' });
  const found = el('span', { class: 'tile-found numbers', 'data-testid': 'tile-found' });
  const fps = el('span', { class: 'tile-fps', 'data-testid': 'tile-fps' });
  const old = el('span', { class: 'tile-age', 'data-testid': 'tile-age' });
  const quiet = el('span', { class: 'tile-quiet', 'data-testid': 'tile-quiet' });
  const meta = el('span', { class: 'tile-meta numbers' }, quiet, fps, old);
  const top = el('div', { class: 'tile-top' }, el('label', { class: 'tile-label' }, check, name.element), recognition, more);
  const bottom = el('div', { class: 'tile-bottom' }, found, meta);
  const element = el('article', { class: 'tile', 'data-testid': 'tile', 'data-camera': id },
    picture, el('div', { class: 'tile-shade' }), boxes, state, problem, top, bottom);

  const overlay = createOverlay(boxes);
  const painter = createPainter({
    canvas: picture,
    acknowledge: (header) => acknowledge(header.camera, header.seq),
    onChange: () => { render(); onShape(); },
  });
  let camera = null;
  let given = { selected: false, shown: true, lost: false, enlarged: false, offered: new Set(), status: null };
  let result = null;
  let now_s = 0;

  check.addEventListener('change', () => actions.select(id, check.checked));
  element.addEventListener('dblclick', (event) => { if (!top.contains(event.target)) toggleSize(); });
  more.addEventListener('click', () => menu.open(more, tileMenu({
    camera, enlarged: given.enlarged, offered: given.offered, actions, toggleSize, rename: name.edit, chooseObjects: onObjects, tell,
  })));

  const toggleSize = () => actions.enlarge(given.enlarged ? null : id);

  /** Shows why the hub refused, where the click was. @param {Promise<any>} asked */
  async function tell(asked) {
    setHidden(problem, true);
    try {
      await asked;
    } catch (error) {
      render();
      setText(problem, error.message);
      setHidden(problem, false);
      setTimeout(() => setHidden(problem, true), 8000);
    }
  }

  /** @param {{camera: object, selected: boolean, shown: boolean, lost: boolean, enlarged: boolean, offered: Set<string>, status: object|null}|null} next */
  function setState(next) {
    if (next === null) return;
    const failing = camera?.analysis_error;
    ({ camera, ...given } = next);
    if (camera.analysis_error && !failing) result = null;
    result = result && stillAsked(result, camera);
    render();
  }

  function render() {
    if (!camera) return;
    name.setState(camera.name);
    check.checked = given.selected;
    setAttr(check, 'aria-label', `Select ${camera.name}`);
    setAttr(more, 'aria-label', `More for ${camera.name}`);
    setAttr(picture, 'aria-label', `Picture of ${camera.name}`);
    setAttr(element, 'data-state', camera.state);
    element.classList.toggle('is-selected', given.selected);
    element.classList.toggle('has-picture', given.shown && painter.capturedAt() !== null);
    element.classList.toggle('is-old', given.lost || (camera.state !== 'online' && camera.state !== 'connecting'));
    setHidden(recognition, !camera.options.includes('recognition'));
    painter.setHidden(!given.shown);
    setHidden(boxes, !given.shown);
    fps.title = camera.fps ? `The camera gives ${rate(camera.fps)} fps` : '';
    tick(now_s);
  }

  /** What changes with time alone. @param {number} time_s UNIX, hub's clock */
  function tick(time_s) {
    now_s = time_s;
    if (!camera) return;
    const captured_s = painter.capturedAt();
    const sentence = given.shown ? stateText(captured_s) : stateSentence(camera, now_s, captured_s) || 'not selected';
    setText(state, sentence);
    setHidden(state, sentence === '');
    const visible = given.shown && captured_s !== null;
    setHidden(meta, !visible);
    setText(fps, visible && !given.lost && camera.state === 'online' ? `${rate(painter.fps())} fps` : '');
    setText(old, visible ? age(captured_s, now_s) : '');
    const words = given.shown && camera.state === 'online' ? foundWords(camera, result, captured_s, given.status) : { short: '', full: '' };
    setText(found, words.short);
    setTitle(found, words.full);
    element.classList.toggle('has-found', words.short !== '');
    const current = result && !isStale(result, captured_s) ? result : null;
    setAttr(found, 'data-error', camera.analysis_error && !current ? 'true' : null);
    const rest = visible && !given.lost ? quietWords(camera) : { short: '', full: '' };
    setText(quiet, rest.short);
    setTitle(quiet, rest.full);
    overlay.setResult(given.shown ? current : null);
  }

  function stateText(captured_s) {
    const sentence = stateSentence(camera, now_s, captured_s);
    if (sentence || given.lost) return sentence;
    if (painter.isBroken()) return 'this picture cannot be read';
    return captured_s === null ? 'waiting for a picture' : '';
  }

  return {
    element,
    setState,
    tick,
    picture: painter.push,
    /** @param {import('../lib/types.js').Result} next */
    result(next) {
      if (!camera) return;
      result = stillAsked(next, camera);
      tick(now_s);
    },
    setSize({ width, height }) {
      element.style.width = `${width}px`;
      element.style.height = `${height}px`;
      overlay.setSize({ width, height });
    },
    /** width / height; null when nothing is known yet */
    shape: () => painter.shape() ?? (camera?.width && camera?.height ? camera.width / camera.height : null),
    focus: () => check.focus({ focusVisible: true }),
    stats: (time_s) => ({
      ...painter.counters,
      age_ms: painter.capturedAt() === null ? null : (time_s - painter.capturedAt()) * 1000,
      fps: painter.fps(),
    }),
  };
}
