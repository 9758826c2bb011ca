// Which cameras an account or a token sees: all, or a list.

import { el, keyed, setHidden, setSentence, setText } from '../lib/dom.js';

/** @param {{id: string}} parts */
export function createCameraChoice({ id }) {
  /** @param {string} value @param {string} words */
  const choice = (value, words) => {
    const input = el('input', {
      type: 'radio', class: 'radio', name: `${id}-cameras`, value, 'data-testid': `${id}-cameras-${value}`,
    });
    const label = el('span', {}, words);
    return { input, label, row: el('label', { class: 'check-row' }, input, label) };
  };
  const all = choice('all', '');
  const some = choice('some', 'Only these:');
  const list = el('ul', { class: 'labels camera-list', 'data-testid': `${id}-cameras` });
  const problem = el('p', { class: 'problem', role: 'alert', hidden: true, 'data-testid': `${id}-cameras-problem` });
  const element = el('fieldset', { class: 'choices', onchange: render },
    el('legend', {}, 'Cameras'), all.row, some.row, list, problem);
  /** @type {Map<string|number, ReturnType<typeof make>>} */
  const rows = new Map();
  /** @type {string[]} those that were chosen when it was opened */
  let given = [];
  let needed = true;

  /** @param {{id: string}} camera */
  function make(camera) {
    const check = el('input', { type: 'checkbox', class: 'check', checked: given.includes(camera.id) });
    const words = el('span', {});
    const row = el('label', { class: 'check-row' }, check, words);
    return { element: el('li', { 'data-testid': `${id}-camera` }, row), check, words, id: camera.id };
  }

  const chosen = () => [...rows.values()].filter(({ check }) => check.checked).map((row) => row.id);

  function render() {
    setHidden(list, !some.input.checked);
    setHidden(element, !needed || (rows.size === 0 && all.input.checked));
    if (all.input.checked || chosen().length) setSentence(problem, '');
  }

  return {
    element,
    /** Null: all. @returns {string[]|null} */
    value: () => (some.input.checked ? chosen() : null),
    /** @returns {boolean} false: something is missing, and said */
    check() {
      const missing = needed && some.input.checked && chosen().length === 0;
      setSentence(problem, missing ? 'Choose one camera or more.' : '');
      if (missing) (rows.values().next().value?.check ?? some.input).focus();
      return !missing;
    },
    /** @param {boolean} on  false: the role sees every camera */
    setNeeded(on) {
      needed = on;
      render();
    },
    /** @param {string[]|null} cameras  null: all @param {string} allWords */
    open(cameras, allWords) {
      given = cameras ?? [];
      all.input.checked = cameras === null;
      some.input.checked = cameras !== null;
      for (const row of rows.values()) row.check.checked = given.includes(row.id);
      setText(all.label, allWords);
      setSentence(problem, '');
      render();
    },
    /** @param {{id: string, name: string}[]} cameras  that there are */
    setCameras(cameras) {
      const update = (/** @type {ReturnType<typeof make>} */ row, /** @type {{name: string}} */ { name }) => {
        setText(row.words, name);
      };
      keyed(list, cameras, rows, { key: (camera) => camera.id, make, update });
      render();
    },
  };
}
