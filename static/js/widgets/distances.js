// @ts-nocheck
// How alike the pictures of this gallery are, and the two thresholds that are set by it.

import { el, setAttr, setHidden, setText } from '../lib/dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const TO = 1.2;
const BINS = 48;
const [WIDTH, HALF] = [480, 60];
const LEAST = 0.2;
const MOST = { known_below: 0.8, perhaps_below: 0.9 };
const USUAL = { known_below: 0.5, perhaps_below: 0.6 };

/** @param {HTMLElement} root */
export function createDistances(root, { gallery }) {
  const same = svg('path', { class: 'bars same' });
  const others = svg('path', { class: 'bars others' });
  const lines = { known_below: svg('line', { class: 'threshold known' }), perhaps_below: svg('line', { class: 'threshold perhaps' }) };
  const plot = svg('svg', { class: 'plot', viewBox: `0 0 ${WIDTH} ${2 * HALF}`, preserveAspectRatio: 'none', role: 'img', 'data-testid': 'plot' });
  const [sameWords, othersWords] = [el('span', { class: 'legend same' }), el('span', { class: 'legend others' })];
  const legend = el('p', { class: 'row small' }, sameWords, othersWords);
  const few = el('p', { class: 'quiet small', 'data-testid': 'too-few-pairs' }, 'There is something to plot as soon as a person has two pictures, or two people have one.');
  const problem = el('p', { class: 'problem', role: 'status', 'data-testid': 'threshold-problem', hidden: true });
  const [known, perhaps] = [slider('known_below', 'Known up to a distance of'), slider('perhaps_below', 'Perhaps up to a distance of')];
  const what = el('p', { class: 'small', role: 'status', 'data-testid': 'threshold-effect' });
  const back = el('button', { type: 'button', class: 'link', 'data-testid': 'usual-thresholds', onclick: () => { known.input.focus(); save(USUAL); } }, 'Back to 0.50 and 0.60');
  plot.append(same, others, svg('line', { class: 'axis', x1: 0, x2: WIDTH, y1: HALF, y2: HALF }), ...Object.values(lines));
  const frame = el('div', { class: 'plot-frame' }, plot);
  const scale = el('div', { class: 'plot-scale quiet numbers', 'aria-hidden': 'true' }, ...['0', '0.3', '0.6', '0.9', '1.2'].map((mark) => el('span', {}, mark)));
  root.append(el('h2', {}, 'When is it the same face?'),
    el('p', { class: 'quiet small' }, 'Two pictures have a distance: the smaller it is, the more alike the faces. These are the distances within this gallery.'),
    few, legend, frame, scale, known.element, perhaps.element, what,
    el('p', { class: 'quiet small' }, 'Further to the right, more faces get a name, and more strangers a wrong one; further to the left, more people whom you know stay unnamed. Between the two a name stands with a question mark.'),
    back, problem);
  let pairs = { genuine: [], impostor: [] };
  let drawn = null;

  function slider(key, label) {
    const input = el('input', { type: 'range', class: 'slider', id: key, min: 0, max: TO, step: 0.01, 'data-testid': key, oninput: () => move(key), onchange: () => save(values()) });
    const words = el('label', { for: key, class: 'small numbers' });
    return { input, label, words, element: el('div', { class: 'threshold-row' }, words, input) };
  }

  const values = () => ({ known_below: Number(known.input.value), perhaps_below: Number(perhaps.input.value) });

  /** One pushes the other on: what is known is never less alike than what is perhaps. */
  function move(key) {
    const moved = key === 'known_below' ? known.input : perhaps.input;
    moved.value = String(Math.min(MOST[key], Math.max(LEAST, Number(moved.value))));
    const { known_below, perhaps_below } = values();
    if (known_below > perhaps_below) (moved === known.input ? perhaps : known).input.value = moved.value;
    show();
  }

  function show() {
    const now = values();
    for (const [key, { input, label, words }] of Object.entries({ known_below: known, perhaps_below: perhaps })) {
      setText(words, `${label} ${now[key].toFixed(2)}`);
      setAttr(input, 'aria-valuetext', now[key].toFixed(2));
      const x = (now[key] / TO) * WIDTH;
      for (const [name, value] of Object.entries({ x1: x, x2: x, y1: 0, y2: 2 * HALF })) setAttr(lines[key], name, value);
    }
    setText(what, effect(pairs, now));
    setHidden(back, now.known_below === USUAL.known_below && now.perhaps_below === USUAL.perhaps_below);
  }

  async function save(fields) {
    setHidden(problem, true);
    try {
      await gallery.set(fields);
    } catch (error) {
      setText(problem, error.message);
      setHidden(problem, false);
    }
  }

  function draw() {
    const [up, down] = [bins(pairs.genuine), bins(pairs.impostor)];
    setAttr(same, 'd', bars(up, -1));
    setAttr(others, 'd', bars(down, 1));
    setText(sameWords, `same person (${pairs.genuine.length})`);
    setText(othersWords, `different people (${pairs.impostor.length})`);
    setAttr(plot, 'aria-label', `Distances of ${pairs.genuine.length} pairs of the same person and of ${pairs.impostor.length} pairs of different people`);
    const none = pairs.genuine.length + pairs.impostor.length === 0;
    setHidden(few, !none);
    setHidden(legend, none);
    setHidden(frame, none);
    setHidden(scale, none);
  }

  /** @param {import('../lib/views.js').FacesView|null} view */
  function setState(view) {
    const settings = view?.settings;
    setHidden(root, !settings?.recognition || !view.people?.length);
    if (!settings) return;
    if (view.distances !== drawn) { pairs = drawn = view.distances; draw(); }
    if (![known.input, perhaps.input].some((input) => input.matches(':active'))) {
      known.input.value = String(settings.known_below);
      perhaps.input.value = String(settings.perhaps_below);
    }
    show();
  }

  return { setState };
}

/** "Here 96 % of the pairs of one person would be known, and 0 % of the pairs of different people mistaken." */
function effect({ genuine, impostor }, { known_below }) {
  const share = (list) => `${Math.round((100 * list.filter((distance) => distance <= known_below).length) / list.length)} %`;
  const parts = [
    genuine.length ? `${share(genuine)} of the pairs of the same person are known` : '',
    impostor.length ? `${share(impostor)} of the pairs of different people would be mistaken` : '',
  ].filter(Boolean);
  return parts.length ? `At this setting ${parts.join(', and ')}.` : '';
}

/** How many distances fall into each part of the axis, as a share of the fullest. */
function bins(list) {
  const full = new Array(BINS).fill(0);
  for (const distance of list) full[Math.min(BINS - 1, Math.floor((distance / TO) * BINS))] += 1;
  const most = Math.max(1, ...full);
  return full.map((number) => number / most);
}

/** @param {number[]} heights of 0 to 1 @param {1|-1} direction down or up from the axis */
function bars(heights, direction) {
  const width = WIDTH / BINS;
  return heights.map((height, index) => (height ? `M${index * width + 0.5} ${HALF}v${direction * height * (HALF - 4)}h${width - 1}V${HALF}z` : '')).join('');
}

function svg(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
