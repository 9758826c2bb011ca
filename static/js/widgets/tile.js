// One camera: its picture, what was found in it, its name and how it is.

import { reason } from '../lib/api.js';
import { el, icon, iconButton, setAttr, setHidden, setSentence, setText, setTitle } from '../lib/dom.js';
import { age, rate } from '../lib/format.js';
import { fitShape } from '../lib/layout.js';
import { isIdentifying } from '../lib/options.js';
import { foundWords, isStale, quietWords, resultAge, stateSentence, stillAsked, unprovenWords } from '../lib/words.js';
import { createBadges } from './badges.js';
import { createNameField } from './namefield.js';
import { tileMenu } from './tilemenu.js';

/**
 * @typedef {object} Given  what a tile is told beside its camera
 * @property {boolean} selected
 * @property {boolean} lost
 * @property {boolean} enlarged
 * @property {import('../lib/types.js').Option[]} options  that there are
 * @property {import('../lib/types.js').EngineStatusView|null} status
 */

const REPORT_LIFE_S = 0.4;
const PROBLEM_MS = 8000;
/** @type {ReturnType<typeof foundWords>} */
const NO_WORDS = { short: '', full: '' };
/** @type {import('../lib/views.js').PaintReport} */
const NOTHING_PAINTED = {
  captured_at: null, broken: false, shape: null, fps: 0, empty: true, counters: { painted: 0 },
};

/**
 * @param {object} parts
 * @param {string} parts.id
 * @param {import('../lib/actions.js').Actions} parts.actions
 * @param {import('./menu.js').Menu} parts.menu
 * @param {() => void} parts.onObjects  what objects are shown shall be chosen
 * @param {ReturnType<typeof import('../lib/live.js').createLive>} parts.live  is told what to draw, and how large
 */
export function createTile({ id, actions, menu, onObjects, live }) {
  const picture = el('canvas', {
    class: 'tile-picture', role: 'img', 'data-testid': 'tile-picture', width: 1, height: 1,
  });
  const boxes = el('canvas', { class: 'tile-overlay', 'aria-hidden': 'true', 'data-testid': 'tile-overlay' });
  const state = el('p', { class: 'tile-state', 'data-testid': 'tile-state', hidden: true });
  const problem = el('p', { class: 'tile-problem', role: 'status', 'data-testid': 'tile-problem', hidden: true });
  const check = el('input', { type: 'checkbox', class: 'check', 'data-testid': 'tile-checkbox' });
  const name = createNameField({ onRename: (text) => tell(actions.rename(id, text)), onDone: () => more.focus() });
  const recognition = el('span', {
    class: 'badge on-picture', role: 'img', 'aria-label': 'recognition on', title: 'recognition on',
    'data-testid': 'tile-recognition', hidden: true,
  }, icon('recognition'), el('span', {}, 'recognition'));
  const badges = createBadges();
  const dot = el('span', { class: 'tile-dot', 'aria-hidden': 'true', 'data-testid': 'tile-dot' });
  const more = iconButton('more', 'More', {
    class: 'icon-button tile-more', 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-testid': 'tile-menu',
  });
  const found = el('span', { class: 'tile-found numbers', 'data-testid': 'tile-found' });
  const fps = el('span', { class: 'tile-fps', 'data-testid': 'tile-fps' });
  const old = el('span', { class: 'tile-age', 'data-testid': 'tile-age' });
  const resultOld = el('span', { class: 'tile-age', 'data-testid': 'tile-result-age' });
  const quiet = el('span', { class: 'tile-quiet', 'data-testid': 'tile-quiet' });
  const unproven = el('span', { class: 'tile-quiet', 'data-testid': 'tile-unproven' });
  const meta = el('span', { class: 'tile-meta numbers' }, unproven, quiet, fps, old, resultOld);
  const label = el('label', { class: 'tile-label' }, check);
  const back = iconButton('back', 'Back to the wall', {
    class: 'icon-button tile-back', onclick: () => actions.leave(), 'data-testid': 'back', hidden: true,
  });
  const top = el('div', { class: 'tile-top' }, back, label, dot, name.element, badges.element, recognition, more);
  const bottom = el('div', { class: 'tile-bottom' }, found, meta);
  const element = el('article', { class: 'tile is-new', 'data-testid': 'tile', 'data-camera': id, draggable: true },
    picture, el('div', { class: 'tile-shade' }), boxes, state, problem, top, bottom);

  /** @type {import('../lib/types.js').CameraView|null} */
  let camera = null;
  /** @type {Given} */
  let given = { selected: false, lost: false, enlarged: false, options: [], status: null };
  /** @type {import('../lib/types.js').NewResult|null} */
  let result = null;
  let report = NOTHING_PAINTED;
  let reported_s = 0;
  let now_s = 0;
  let drawnSize = '';
  let cell = { cellWidth: 0, cellHeight: 0 };
  live.show(id, picture, boxes);

  check.addEventListener('change', () => actions.select(id, check.checked));
  // A tile that is moved in the page must not appear again.
  element.addEventListener('animationend', () => element.classList.remove('is-new'));
  more.addEventListener('click', () => {
    if (!camera) return;
    const { enlarged, options } = given;
    menu.open(more, tileMenu({
      camera, enlarged, options, actions, tile: element, rename: name.edit, chooseObjects: onObjects, tell,
    }));
  });

  /** Shows why the hub refused, where the click was. @param {Promise<any>} asked */
  async function tell(asked) {
    setHidden(problem, true);
    try {
      await asked;
    } catch (error) {
      render();
      setSentence(problem, reason(error));
      setTimeout(() => setHidden(problem, true), PROBLEM_MS);
    }
  }

  /** @param {(Given & {camera: import('../lib/types.js').CameraView})|null} next */
  function setState(next) {
    if (next === null) return;
    const failing = camera?.analysis_error;
    ({ camera, ...given } = next);
    fit();
    if (camera.analysis_error && !failing) result = null;
    result = result && stillAsked(result, camera, given.options);
    live.ask(camera, given.options);
    render();
  }

  function render() {
    if (!camera) return;
    name.setState(camera.name);
    check.checked = given.selected;
    setAttr(check, 'aria-label', `Select ${camera.name}`);
    setAttr(more, 'aria-label', `More for ${camera.name}`);
    setAttr(picture, 'aria-label', `Picture of ${camera.name}`);
    setAttr(element, 'aria-label', camera.name);
    setAttr(element, 'data-state', camera.state);
    setTitle(dot, camera.state);
    badges.setState(given.options, camera);
    element.classList.toggle('is-selected', given.selected && !given.enlarged);
    element.classList.toggle('is-opened', given.enlarged);
    setHidden(back, !given.enlarged);
    setHidden(label, given.enlarged);
    element.classList.toggle('has-picture', report.captured_at !== null);
    element.classList.toggle('is-old', given.lost || (camera.state !== 'online' && camera.state !== 'connecting'));
    setHidden(recognition, !isIdentifying(given.options, camera));
    fps.title = [
      camera.fps && `The camera gives ${rate(camera.fps)} fps`,
      camera.still && 'nothing moves, so what shows nothing new is not sent',
      report.counters.dropped_by_page && `this page gave up ${report.counters.dropped_by_page} for want of room`,
    ].filter(Boolean).join('; ');
    tick(now_s);
  }

  /** What changes with time alone. @param {number} time_s UNIX, hub's clock */
  function tick(time_s) {
    now_s = time_s;
    if (!camera) return;
    const captured_s = report.captured_at;
    const { lost, status, options } = given;
    const sentence = stateSentence(camera, now_s, captured_s);
    setSentence(state, sentence || pictureText());
    const visible = captured_s !== null;
    const online = camera.state === 'online';
    setHidden(meta, !visible);
    setText(fps, visible && !lost && online ? (camera.still ? 'still' : `${rate(report.fps)} fps`) : '');
    setText(old, visible ? age(captured_s, now_s) : '');
    setText(resultOld, visible && online && !lost ? resultAge(result, now_s) : '');
    const words = online ? foundWords(camera, result, captured_s, status, options) : NO_WORDS;
    setText(found, words.short);
    setAttr(found, 'data-late', words.late ? 'true' : null);
    setTitle(found, words.full);
    element.classList.toggle('has-found', words.short !== '');
    const current = result && !isStale(result, captured_s) ? result : null;
    setAttr(found, 'data-error', camera.analysis_error && !current ? 'true' : null);
    const rest = visible && !lost ? quietWords(camera) : NO_WORDS;
    setText(quiet, rest.short);
    setTitle(quiet, rest.full);
    const doubt = unprovenWords(camera);
    setText(unproven, doubt.short);
    setTitle(unproven, doubt.full);
    // An empty canvas too is laid over the picture, sixty times a second.
    setHidden(boxes, report.empty);
  }

  /** What lies on the picture is as large as the picture, which the style fits into its cell. */
  function fit() {
    const { cellWidth, cellHeight } = cell;
    if (cellWidth === 0) return;
    const size = { ...fitShape(shape() ?? cellWidth / cellHeight, cell), ratio: window.devicePixelRatio || 1 };
    const now = JSON.stringify(size);
    if (now === drawnSize) return;
    drawnSize = now;
    live.size(id, size);
  }

  /** width / height; null when nothing is known yet */
  const shape = () => report.shape ?? (camera?.width && camera?.height ? camera.width / camera.height : null);

  /** Why there is no picture, while the camera is well. */
  function pictureText() {
    if (given.lost) return '';
    if (report.broken) return 'this picture cannot be read';
    return report.captured_at === null ? 'waiting for a picture' : '';
  }

  return {
    element,
    setState,
    /**
     * Ages are told where they are true: right after a report, or when none comes.
     * @param {number} time_s UNIX, hub's clock
     */
    tick(time_s) { if (time_s - reported_s > REPORT_LIFE_S) tick(time_s); },
    /** @param {import('../lib/views.js').PaintReport} next @param {number} time_s UNIX, hub's clock */
    setReport(next, time_s) {
      const other = next.shape !== report.shape || next.broken !== report.broken;
      report = next;
      now_s = time_s;
      reported_s = time_s;
      if (other) {
        render();
        fit();
      } else {
        tick(time_s);
      }
    },
    /** @param {import('../lib/types.js').NewResult} next */
    result(next) {
      if (!camera) return;
      result = stillAsked(next, camera, given.options);
      tick(now_s);
    },
    /** @param {number} width of its cell, in CSS pixels @param {number} height */
    setSize(width, height) {
      cell = { cellWidth: width, cellHeight: height };
      fit();
    },
    /** @returns {number|null} how many people it tells of; null while that is not known */
    people() {
      if (camera?.state !== 'online' || given.lost || result === null) return null;
      return isStale(result, report.captured_at) ? null : result.people;
    },
    rename: name.edit,
    focus: () => check.focus({ focusVisible: true }),
    /** @param {number} time_s UNIX, hub's clock */
    stats: (time_s) => ({
      ...report.counters,
      age_ms: report.captured_at === null ? null : (time_s - report.captured_at) * 1000,
      fps: report.fps,
    }),
  };
}
