// Which objects of a camera are shown: from which score up, and with which of the 91 labels.

import { reason } from '../lib/api.js';
import { opener } from '../lib/dialog.js';
import { button, el, setAttr, setHidden, setSentence, setText } from '../lib/dom.js';

/** @typedef {Partial<import('../lib/types.js').ObjectSettings>} Part */

const SEND_AFTER_MS = 200;
/** @type {Object<string, number>} */
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

/** @param {{actions: import('../lib/actions.js').Actions}} parts */
export function createObjectsDialog({ actions }) {
  const title = el('h2', { 'data-testid': 'objects-title' });
  const slider = el('input', {
    type: 'range', class: 'slider', step: 1, id: 'objects-score', 'data-testid': 'objects-score',
  });
  const scoreWords = el('label', { for: 'objects-score', class: 'numbers', 'data-testid': 'objects-score-words' });
  const search = el('input', {
    type: 'search', class: 'field', placeholder: 'Find a label', 'aria-label': 'Find a label', autocomplete: 'off',
    'data-testid': 'objects-search',
  });
  const number = el('span', { class: 'quiet small numbers', role: 'status', 'data-testid': 'objects-count' });
  const list = el('ul', { class: 'labels', 'aria-label': 'Labels', 'data-testid': 'objects-labels' });
  const nothing = el('p', { class: 'quiet small', hidden: true, 'data-testid': 'objects-nothing' });
  const everywhere = el('input', { type: 'checkbox', class: 'check', 'data-testid': 'objects-apply-all' });
  const everywhereWords = el('span', {});
  const everywhereRow = el('label', { class: 'check-row small' }, everywhere, everywhereWords);
  const problem = el('p', { class: 'problem', role: 'status', 'data-testid': 'objects-problem', hidden: true });
  const head = el('div', { class: 'row' }, number, el('span', { class: 'spring' }),
    button('All', 'objects-all', () => checkListed(true), 'link'),
    el('span', { class: 'quiet', 'aria-hidden': 'true' }, '·'),
    button('None', 'objects-none', () => checkListed(false), 'link'));
  const close = el('button', {
    type: 'button', class: 'button', 'data-testid': 'objects-close', onclick: () => dialog.close(),
  }, 'Close');
  const dialog = el('dialog', { class: 'dialog', 'aria-label': 'Objects', 'data-testid': 'objects-dialog' }, title,
    el('div', { class: 'score-row' }, scoreWords, slider),
    el('div', { class: 'labels-part' }, search, head, list, nothing),
    everywhereRow, problem, el('div', { class: 'row end' }, close));
  /** @type {ReturnType<typeof createRow>[]} */
  let rows = [];
  /** @type {import('../lib/views.js').View|null} */
  let view = null;
  /** @type {string|null} */
  let camera_id = null;
  /** @type {Part} */
  let unsent = {};
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  let sending = 0;
  let labelsProblem = '';

  const cameraNow = () => view?.cameras.find((camera) => camera.id === camera_id);
  const taught = () => rows.filter((row) => row.taught);

  /** The other selected cameras, if this one is selected. */
  function others() {
    const ids = [...view?.selected ?? []];
    return ids.some((id) => id === camera_id) ? ids.filter((id) => id !== camera_id) : [];
  }

  slider.addEventListener('input', () => { showScore(); change({ min_score: Number(slider.value) / 100 }); });
  search.addEventListener('input', showListed);
  list.addEventListener('change', () => changeLabels());
  list.addEventListener('keydown', moveFocus);
  everywhere.addEventListener('change', () => {
    if (everywhere.checked) change({ ...cameraNow()?.objects, ...unsent });
  });
  const show = opener(dialog, () => { send(); camera_id = null; });
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });

  /** @param {string} id @param {boolean} [forAll]  for the whole selection */
  async function open(id, forAll = false) {
    show();
    camera_id = id;
    unsent = {};
    search.value = '';
    everywhere.checked = forAll;
    setHidden(problem, true);
    setState(view);
    await loadLabels();
    takeOver();
  }

  async function loadLabels() {
    if (rows.length) return;
    labelsProblem = '';
    try {
      rows = (await actions.labels()).map(createRow);
      list.replaceChildren(...rows.map((row) => row.element));
    } catch (error) {
      labelsProblem = `The labels could not be loaded: ${reason(error)}`;
    }
  }

  /** Shows the hub's settings, which another page may have changed, unless the viewer is changing them. */
  function takeOver() {
    if (sending === 0 && Object.keys(unsent).length === 0) showSettings();
  }

  function showSettings() {
    const settings = cameraNow()?.objects;
    if (!settings) return;
    const { min_score, labels } = settings;
    slider.value = String(Math.round(min_score * 100));
    showScore();
    for (const row of taught()) row.check.checked = labels === null || labels.includes(row.name);
    showListed();
  }

  function showScore() {
    setText(scoreWords, `Minimum score ${slider.value} %`);
    slider.setAttribute('aria-valuetext', `${slider.value} percent`);
  }

  /** Shows the rows that the search finds, and how many are checked. */
  function showListed() {
    const wanted = search.value.trim().toLowerCase();
    for (const row of rows) setHidden(row.element, !row.name.includes(wanted));
    setText(nothing, labelsProblem || 'No label matches.');
    setHidden(nothing, rows.length ? rows.some((row) => !row.element.hidden) : !labelsProblem);
    const checked = taught().filter((row) => row.check.checked).length;
    setText(number, rows.length ? `${checked} of ${taught().length} shown` : '');
  }

  /** @param {boolean} on */
  function checkListed(on) {
    for (const row of taught()) if (!row.element.hidden) row.check.checked = on;
    if (rows.length) changeLabels();
  }

  function changeLabels() {
    showListed();
    change({ labels: shownLabels() });
  }

  function shownLabels() {
    const checked = taught().filter((row) => row.check.checked);
    return checked.length === taught().length ? null : checked.map((row) => row.name);
  }

  /** Applies at once, but not for every pixel that the slider moves. @param {Part} part */
  function change(part) {
    unsent = { ...unsent, ...part };
    clearTimeout(timer);
    timer = setTimeout(send, SEND_AFTER_MS);
  }

  async function send() {
    clearTimeout(timer);
    if (camera_id === null || Object.keys(unsent).length === 0) return;
    const ids = [camera_id, ...(everywhere.checked ? others() : [])];
    const part = unsent;
    unsent = {};
    setHidden(problem, true);
    sending += 1;
    try {
      await actions.setObjects(ids, part);
    } catch (error) {
      setSentence(problem, reason(error));
    }
    sending -= 1;
    takeOver();
  }

  /** @param {KeyboardEvent} event */
  function moveFocus(event) {
    if (!(event.key in STEPS)) return;
    const listed = taught().filter((row) => !row.element.hidden).map((row) => row.check);
    listed[listed.findIndex((check) => check === event.target) + STEPS[event.key]]?.focus();
    event.preventDefault();
  }

  /** @param {import('../lib/views.js').View|null} next */
  function setState(next) {
    view = next;
    const [lowest, highest] = view?.options.find(({ min_scores }) => min_scores)?.min_scores ?? [0, 1];
    slider.min = String(Math.round(lowest * 100));
    slider.max = String(Math.round(highest * 100));
    if (camera_id === null) return;
    const camera = cameraNow();
    if (!camera) { dialog.close(); return; }
    setText(title, `Objects in “${camera.name}”`);
    setAttr(dialog, 'aria-label', title.textContent);
    const more = others().length;
    setHidden(everywhereRow, more === 0);
    setText(everywhereWords, `Apply to all ${more + 1} selected cameras`);
    takeOver();
  }

  return { open, setState };
}

/** @param {import('../lib/types.js').Label} label */
function createRow({ name, taught }) {
  const check = el('input', { type: 'checkbox', class: 'check', disabled: !taught });
  const words = [el('span', {}, name), taught ? null : el('span', { class: 'quiet small' }, 'not in this model')];
  const element = el('li', { 'data-testid': 'objects-label', 'data-label': name },
    el('label', { class: `check-row${taught ? '' : ' is-disabled'}` }, check,
      el('span', { class: 'label-words' }, ...words)));
  return { name, taught, element, check };
}
