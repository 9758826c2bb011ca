// The composition root of the page System: what the hub's processes do and use, and what is wrong with this machine.

import { api, reason } from '../lib/api.js';
import { createChart } from '../lib/chart.js';
import { at, button, el, keyed, setAttr, setHidden, setSentence, setText } from '../lib/dom.js';
import { dropRows, processName, rateRows, share, size } from '../lib/figures.js';
import { clockTime, count, rate } from '../lib/format.js';
import { createPage } from '../lib/page.js';
import { createTable } from '../widgets/table.js';

const REFRESH_MS = 5000;
const STORAGE_MS = 30_000;
const main = at('system');

/** @param {string} title @param {...Node} parts */
const section = (title, ...parts) => {
  main.append(el('section', { class: 'part' }, el('h2', {}, title), ...parts));
};

const trouble = el('p', { class: 'problem', role: 'status', hidden: true, 'data-testid': 'system-trouble' });
const machine = el('p', { class: 'quiet', 'data-testid': 'machine' });
const processes = createTable('Processes', ['Process', 'CPU', 'Memory', 'Process id'], 'processes');
const rates = createTable('Rates',
  ['Option', 'On for', 'Asked a second, in all', 'Given a second, in all', 'Model'], 'rates');
const noRates = el('p', { class: 'quiet small', 'data-testid': 'no-rates' }, 'No option is on.');
const drops = createTable('Frames',
  ['Camera', 'Frames a second', 'Agent', 'Worker', 'Viewers', 'Events lost'], 'drops');
const kept = createTable('What is kept', ['Camera', 'Clips and pictures', 'A day'], 'storage');
const keptWords = el('p', { class: 'quiet small', 'data-testid': 'storage-words' });
const keptTrouble = el('p', { class: 'problem', role: 'status', hidden: true, 'data-testid': 'storage-trouble' });
const findings = el('ul', { class: 'findings', 'data-testid': 'findings' });
const check = button('Check this machine', 'check-machine', findOut);
const checkWords = el('p', { class: 'quiet small', role: 'status' });

/**
 * @param {string} title @param {string} label @param {string} colour @param {(value: number) => string} words
 */
function plot(title, label, colour, words) {
  const host = el('div', { class: 'chart', 'data-testid': `chart-${title.toLowerCase()}` });
  const heading = el('h3', { class: 'small' }, title);
  const chart = createChart(host, { label, series: [{ label: title, colour, filled: true }], words });
  return { element: el('div', {}, heading, host), chart };
}

const packets = plot('Packets', 'Packets a second, of all network devices', '--accent', (value) => `${rate(value)}/s`);
const memory = plot('Memory', 'Resident memory of all processes', '--hue-3', size);
const cpu = plot('CPU', 'Processor time of all processes, percent of one core', '--hue-2', share);

main.append(trouble);
section('Processes', machine, processes.element,
  el('p', { class: 'quiet small' },
    'CPU is of one core: two busy cores are 200 %. Memory that processes share counts in each.'));
section('The last hour', el('div', { class: 'plots' }, packets.element, memory.element, cpu.element));
section('Rates', noRates, rates.element);
section('Frames', drops.element,
  el('p', { class: 'quiet small' },
    'Agent, worker and viewers: dropped since the camera came online. Events lost: since its worker started.'));
section('Recordings', keptTrouble, keptWords, kept.element);
section('This machine', el('div', { class: 'row' }, check), checkWords, findings);

/** @param {import('../lib/views.js').View} view */
function render({ status, options, cameras }) {
  const rows = rateRows(status, options, cameras);
  rates.setRows(rows);
  setHidden(noRates, rows.length > 0);
  drops.setRows(dropRows(cameras));
  showProcesses();
  showKept();
}

/** @type {import('../lib/types.js').ProcessUsage[]} */
let running = [];
/** @type {import('../lib/types.js').Storage['cameras']} */
let stored = [];
let told = false;

function showProcesses() {
  const { cameras } = page.view();
  processes.setRows(running.map((each) => [
    processName(each, cameras), share(each.cpu_percent), size(each.memory_bytes), String(each.pid),
  ]));
}

async function refresh() {
  if (document.hidden) return;
  try {
    const system = await api.system();
    const { history } = system;
    running = system.processes;
    setSentence(trouble, '');
    setText(machine, [
      `ConvergeCast ${system.version}`, `Python ${system.python}`, system.platform,
      `running since ${clockTime(system.started_at, page.now())}`, count(system.viewers, 'viewer', 'viewers'),
    ].join(' · '));
    showProcesses();
    packets.chart.setData([history.at, history.packets]);
    memory.chart.setData([history.at, history.memory_bytes]);
    cpu.chart.setData([history.at, history.cpu_percent]);
  } catch (error) {
    setSentence(trouble, reason(error));
  }
}

/** What clips and pictures of events take, by camera, and what they may take. */
async function showStorage() {
  if (document.hidden) return;
  const found = await api.storage().catch((error) => setSentence(keptTrouble, reason(error)));
  if (!found) return;
  setSentence(keptTrouble, found.error ?? '');
  const { days, full_at: fullAt, oldest_at: oldestAt } = found;
  setText(keptWords, [
    `${size(found.used_bytes)} of ${size(found.budget_bytes)} used, ${size(found.free_bytes)} free on the disk`,
    oldestAt === null ? 'nothing is recorded' : `the oldest is of ${clockTime(oldestAt, page.now())}`,
    ...(days === null ? [] : [`deleted after ${count(days, 'day', 'days')}`]),
    ...(fullAt === null ? [] : [`full ${clockTime(fullAt, page.now())}: then the oldest go`]),
  ].join(' · '));
  stored = found.cameras;
  showKept();
}

/** Which cameras there are is not known before the hub has told it. */
function showKept() {
  const { cameras, link } = page.view();
  if (link === 'live') told = true;
  const names = new Map(cameras.map(({ id, name }) => [id, name]));
  kept.setRows(stored.map(({ camera, bytes, bytes_a_day: daily }) => (
    [names.get(camera) ?? (told ? 'a camera that is gone' : '–'), size(bytes), size(daily)])));
}

const rows = new Map();

/** What the doctor finds: problems first, each with its mend. */
async function findOut() {
  setAttr(check, 'aria-disabled', true);
  setText(checkWords, 'Loading every model…');
  const order = ['problem', 'note', 'ok'];
  try {
    const { findings: found } = await api.findings();
    found.sort((one, other) => order.indexOf(one.grade) - order.indexOf(other.grade));
    const problems = found.filter(({ grade }) => grade === 'problem').length;
    setText(checkWords, problems === 0 ? 'No problem was found.' : `${count(problems, 'problem', 'problems')}.`);
    keyed(findings, found.map((each, index) => ({ ...each, index })), rows, {
      key: ({ index, what, grade, said }) => `${index} ${grade} ${what} ${said}`,
      make: ({ grade, what, said }) => ({
        element: el('li', { class: `finding is-${grade}` }, el('span', { class: 'finding-grade' }, grade),
          el('span', {}, what), el('span', {}, said)),
      }),
      update: () => {},
    });
  } catch (error) {
    setText(checkWords, reason(error));
  }
  setAttr(check, 'aria-disabled', null);
}

const page = createPage({ main, name: 'system', render });
document.addEventListener('visibilitychange', refresh);
setInterval(refresh, REFRESH_MS);
setInterval(showStorage, STORAGE_MS);
refresh();
showStorage();
