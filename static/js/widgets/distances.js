// How similar the stored pictures are, and the two recognition thresholds.

import { reason } from '../lib/api.js';
import { button, el, setAttr, setHidden, setSentence, setText, svg } from '../lib/dom.js';

/** @typedef {'known_below'|'perhaps_below'} Key */

const TO = 1.2;
const BINS = 48;
const [WIDTH, HALF] = [480, 60];
const LEAST = 0.2;
const MOST = { known_below: 0.8, perhaps_below: 0.9 };
const USUAL = { known_below: 0.5, perhaps_below: 0.6 };
const NOTHING_YET = 'The plot appears when one person has two pictures, or two people have one picture each.';
const MEANING = 'Any two pictures have a distance: the smaller it is, the more similar the faces are. '
  + 'The plot shows the distances between all stored pictures.';
const EFFECT = 'Higher thresholds name more faces, but also give more strangers a wrong name. '
  + 'Lower thresholds leave more known people without a name. Between the two, a name has a question mark.';

/** @param {HTMLElement} root @param {{gallery: import('../lib/gallery.js').Gallery}} parts */
export function createDistances(root, { gallery }) {
  const same = svg('path', { class: 'bars same' });
  const others = svg('path', { class: 'bars others' });
  const lines = {
    known_below: svg('line', { class: 'threshold known' }),
    perhaps_below: svg('line', { class: 'threshold perhaps' }),
  };
  const plot = svg('svg', {
    class: 'plot', viewBox: `0 0 ${WIDTH} ${2 * HALF}`, preserveAspectRatio: 'none', role: 'img', 'data-testid': 'plot',
  });
  const [sameWords, othersWords] = [el('span', { class: 'legend same' }), el('span', { class: 'legend others' })];
  const legend = el('p', { class: 'row small' }, sameWords, othersWords);
  const few = el('p', { class: 'quiet small', 'data-testid': 'too-few-pairs' }, NOTHING_YET);
  const problem = el('p', { class: 'problem', role: 'status', 'data-testid': 'threshold-problem', hidden: true });
  const sliders = {
    known_below: slider('known_below', 'Known up to a distance of'),
    perhaps_below: slider('perhaps_below', 'Perhaps up to a distance of'),
  };
  const { known_below: known, perhaps_below: perhaps } = sliders;
  const what = el('p', { class: 'small', role: 'status', 'data-testid': 'threshold-effect' });
  const back = button('Reset to 0.50 and 0.60', 'usual-thresholds', reset, 'link');
  plot.append(same, others, svg('line', { class: 'axis', x1: 0, x2: WIDTH, y1: HALF, y2: HALF }));
  plot.append(...Object.values(lines));
  const frame = el('div', { class: 'plot-frame' }, plot);
  const marks = ['0', '0.3', '0.6', '0.9', '1.2'].map((mark) => el('span', {}, mark));
  const scale = el('div', { class: 'plot-scale quiet numbers', 'aria-hidden': 'true' }, ...marks);
  root.append(el('h2', {}, 'Recognition thresholds'), el('p', { class: 'quiet small' }, MEANING),
    few, legend, frame, scale, known.element, perhaps.element, what,
    el('p', { class: 'quiet small' }, EFFECT), back, problem);
  /** @type {{genuine: number[], impostor: number[]}} */
  let pairs = { genuine: [], impostor: [] };
  /** @type {typeof pairs|null} */
  let drawn = null;

  /** @param {Key} key @param {string} label */
  function slider(key, label) {
    const input = el('input', {
      type: 'range', class: 'slider', id: key, min: 0, max: TO, step: 0.01, 'data-testid': key,
      oninput: () => move(key), onchange: () => save(values()),
    });
    const words = el('label', { for: key, class: 'small numbers' });
    return { input, label, words, element: el('div', { class: 'threshold-row' }, words, input) };
  }

  const values = () => ({ known_below: Number(known.input.value), perhaps_below: Number(perhaps.input.value) });

  /** One slider pushes the other: the first threshold is never above the second. @param {Key} key */
  function move(key) {
    const moved = sliders[key].input;
    moved.value = String(Math.min(MOST[key], Math.max(LEAST, Number(moved.value))));
    const { known_below, perhaps_below } = values();
    if (known_below > perhaps_below) (key === 'known_below' ? perhaps : known).input.value = moved.value;
    show();
  }

  function show() {
    const now = values();
    for (const key of /** @type {Key[]} */ (Object.keys(sliders))) {
      const { input, label, words } = sliders[key];
      setText(words, `${label} ${now[key].toFixed(2)}`);
      setAttr(input, 'aria-valuetext', now[key].toFixed(2));
      const x = (now[key] / TO) * WIDTH;
      const line = { x1: x, x2: x, y1: 0, y2: 2 * HALF };
      for (const [name, value] of Object.entries(line)) setAttr(lines[key], name, value);
    }
    setText(what, effect(pairs, now));
    setHidden(back, now.known_below === USUAL.known_below && now.perhaps_below === USUAL.perhaps_below);
  }

  function reset() {
    known.input.focus();
    save(USUAL);
  }

  /** @param {Partial<import('../lib/types.js').Settings>} fields */
  async function save(fields) {
    setHidden(problem, true);
    try {
      await gallery.set(fields);
    } catch (error) {
      setSentence(problem, reason(error));
    }
  }

  function draw() {
    const [ones, two] = [pairs.genuine.length, pairs.impostor.length];
    setAttr(same, 'd', bars(bins(pairs.genuine), -1));
    setAttr(others, 'd', bars(bins(pairs.impostor), 1));
    setText(sameWords, `same person (${ones})`);
    setText(othersWords, `different people (${two})`);
    setAttr(plot, 'aria-label',
      `Distances of ${ones} pairs of the same person and of ${two} pairs of different people`);
    const none = ones + two === 0;
    setHidden(few, !none);
    setHidden(legend, none);
    setHidden(frame, none);
    setHidden(scale, none);
  }

  /** @param {import('../lib/views.js').FacesView|null} view */
  function setState(view) {
    const settings = view?.settings;
    setHidden(root, !settings?.recognition || !view?.people?.length);
    if (!view || !settings) return;
    if (view.distances !== drawn) {
      drawn = view.distances;
      pairs = view.distances;
      draw();
    }
    if (![known.input, perhaps.input].some((input) => input.matches(':active'))) {
      known.input.value = String(settings.known_below);
      perhaps.input.value = String(settings.perhaps_below);
    }
    show();
  }

  return { setState };
}

/**
 * "At this setting, 96 % of the pairs of the same person match, and 0 % of the pairs of different people match by
 * mistake."
 * @param {{genuine: number[], impostor: number[]}} pairs @param {{known_below: number}} thresholds
 */
function effect({ genuine, impostor }, { known_below }) {
  /** @param {number[]} list */
  const share = (list) => `${Math.round((100 * list.filter((each) => each <= known_below).length) / list.length)} %`;
  const parts = [
    genuine.length ? `${share(genuine)} of the pairs of the same person match` : '',
    impostor.length ? `${share(impostor)} of the pairs of different people match by mistake` : '',
  ].filter(Boolean);
  return parts.length ? `At this setting, ${parts.join(', and ')}.` : '';
}

/** How many distances fall into each part of the axis, as a share of the fullest. @param {number[]} list */
function bins(list) {
  const full = new Array(BINS).fill(0);
  for (const distance of list) full[Math.min(BINS - 1, Math.floor((distance / TO) * BINS))] += 1;
  const most = Math.max(1, ...full);
  return full.map((number) => number / most);
}

/** @param {number[]} heights of 0 to 1 @param {1|-1} direction down or up from the axis */
function bars(heights, direction) {
  const width = WIDTH / BINS;
  /** @param {number} height @param {number} index */
  const bar = (height, index) => (
    `M${index * width + 0.5} ${HALF}v${direction * height * (HALF - 4)}h${width - 1}V${HALF}z`
  );
  return heights.map((height, index) => (height ? bar(height, index) : '')).join('');
}
