// A chart over time: axes with units and no decoration. Its library is loaded with the first chart of a page.

import { el } from './dom.js';
import { clock } from './format.js';

const HEIGHT = 180;
/** Fewer minutes than this are not drawn wider. */
const LEAST_S = 1800;
const FOLDER = '../../vendor/uplot/';
const DARK = matchMedia('(prefers-color-scheme: dark)');

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {string} colour  a custom property of the page's style
 * @property {boolean} [filled]
 *
 * @typedef {(number|null)[][]} Data  times in UNIX seconds, then a list for each series
 */

/** @type {Promise<typeof import('../../vendor/uplot/uPlot.esm.js').default>|undefined} */
let library;

/** @returns {Promise<typeof import('../../vendor/uplot/uPlot.esm.js').default>} */
function load() {
  library ??= import(`${FOLDER}uPlot.esm.js`).then((module) => module.default);
  if (!document.getElementById('chart-style')) {
    const { href } = new URL(`${FOLDER}uPlot.min.css`, import.meta.url);
    document.head.append(el('link', { id: 'chart-style', rel: 'stylesheet', href }));
  }
  return library;
}

/**
 * @param {HTMLElement} host  as wide as the chart
 * @param {object} parts
 * @param {string} parts.label  for screen readers
 * @param {Series[]} parts.series
 * @param {(value: number) => string} parts.words  of a value, with its unit
 */
export function createChart(host, { label, series, words }) {
  host.setAttribute('role', 'img');
  host.setAttribute('aria-label', label);
  /** @type {import('../../vendor/uplot/uPlot.esm.js').default|null} */
  let plot = null;
  /** @type {Data} */
  let data = [[]];
  new ResizeObserver(() => { if (host.clientWidth > 0) plot?.setSize({ width: host.clientWidth, height: HEIGHT }); })
    .observe(host);
  DARK.addEventListener('change', () => { plot?.destroy(); plot = null; draw(); });

  async function draw() {
    const Plot = await load();
    const drawn = /** @type {import('../../vendor/uplot/uPlot.esm.js').default.AlignedData} */ (data);
    if (plot) { plot.setData(drawn); return; }
    if (host.clientWidth > 0) plot = new Plot(options(), drawn, host);
  }

  function options() {
    const style = getComputedStyle(document.documentElement);
    /** @param {string} name */
    const colour = (name) => style.getPropertyValue(name).trim();
    const grid = { stroke: colour('--line'), width: 1 };
    const axis = { stroke: colour('--quiet'), grid, ticks: grid, font: `${colour('--small')} ${colour('--font')}` };
    return {
      width: host.clientWidth,
      height: HEIGHT,
      legend: { live: true },
      cursor: { y: false },
      scales: {
        x: { range: (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) => (
          /** @type {[number, number]} */ ([Math.min(low, high - LEAST_S), high])) },
        y: { range: (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) => (
          /** @type {[number, number]} */ ([Math.min(0, low), Math.max(1, high * 1.1)])) },
      },
      axes: [
        { ...axis, values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map(clock) },
        {
          ...axis, size: 6 * parseFloat(colour('--small')),
          values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map((tick) => words(tick)),
        },
      ],
      series: [
        { value: (/** @type {any} */ _, /** @type {number|null} */ at) => (at === null ? '–' : clock(at)) },
        ...series.map(({ label: name, colour: stroke, filled }) => ({
          label: name,
          stroke: colour(stroke),
          width: 2,
          fill: filled ? colour('--accent-half') : undefined,
          // A line of one minute would not be seen.
          points: { show: (/** @type {any} */ { data: [times] }) => times.length === 1 },
          value: (/** @type {any} */ _, /** @type {number|null} */ value) => (value === null ? '–' : words(value)),
        })),
      ],
    };
  }

  return {
    /** @param {Data} next */
    setData(next) {
      data = next;
      draw();
    },
  };
}
