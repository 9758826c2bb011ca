// Cameras that wait for approval, and those that were rejected.

import { reason } from '../lib/api.js';
import { isAdmin } from '../lib/rights.js';
import { button, el, icon, keyed, setHidden, setSentence, setText } from '../lib/dom.js';
import { clockTime } from '../lib/format.js';

const WRONG_TOKEN = 'The agent sent a wrong token. Start it with the command that “Add a camera” shows, '
  + 'or without a token.';

/** Agents repeat their registration every few seconds; one that is silent for so long has stopped. */
const SILENT_S = 30;
const ASK_MS = 5000;

/**
 * @typedef {import('../lib/types.js').CameraView} CameraView
 * @typedef {{testid: string, label: string, primary?: boolean, run: () => Promise<unknown>}} Choice
 */

/**
 * @param {HTMLElement} root
 * @param {{actions: import('../lib/actions.js').Actions, now: () => number}} parts  now: UNIX seconds, hub's clock
 */
export function createPending(root, { actions, now }) {
  const badge = el('span', { class: 'count-badge numbers', 'data-testid': 'pending-count' });
  const list = el('ul', { class: 'askers' });
  const section = el('section', { class: 'aside-part', 'data-testid': 'pending', hidden: true },
    el('h2', { class: 'part-title' }, 'Waiting for approval', badge), list);
  const rejectedWords = el('span', {}, '');
  const rejectedList = el('ul', { class: 'askers' });
  const rejected = el('details', { class: 'aside-part rejected', 'data-testid': 'rejected', hidden: true },
    el('summary', {}, rejectedWords, icon('chevron')), rejectedList);
  root.append(section, rejected);
  const rows = new Map();
  const rejectedRows = new Map();
  let wasLive = false;
  /** @type {CameraView[]} */
  let pending = [];
  // The hub tells of a change, and silence is none.
  setInterval(() => { if (pending.length > 0 && wasLive && !document.hidden) actions.refreshPending(); }, ASK_MS);

  /** @param {import('../lib/views.js').View|null} view */
  function setState(view) {
    pending = view?.pending ?? [];
    setHidden(section, pending.length === 0);
    setText(badge, String(pending.length));
    show(list, pending, rows, pendingRow);
    const live = view?.link === 'live';
    if (live && !wasLive && isAdmin()) loadRejected();
    wasLive = live;
  }

  /**
   * @param {HTMLElement} parent @param {CameraView[]} cameras @param {Map<string|number, Row>} shown
   * @param {(camera: CameraView) => Row} make
   */
  function show(parent, cameras, shown, make) {
    keyed(parent, cameras, shown, { key: ({ id }) => id, make, update: (row, camera) => row.setState(camera) });
  }

  /** @param {CameraView} camera */
  function pendingRow({ id }) {
    return createRow(id, 'pending-camera', now, [
      { testid: 'approve', label: 'Approve', primary: true, run: () => actions.approve(id) },
      { testid: 'reject', label: 'Reject', run: () => actions.reject(id).then(loadRejected) },
    ]);
  }

  /** @param {CameraView} camera */
  function rejectedRow({ id }) {
    const allow = () => actions.approve(id).then(loadRejected);
    return createRow(id, 'rejected-camera', () => 0, [{ testid: 'allow-again', label: 'Allow again', run: allow }]);
  }

  async function loadRejected() {
    const cameras = await actions.rejected().catch(() => []);
    setHidden(rejected, cameras.length === 0);
    setText(rejectedWords, `Rejected (${cameras.length})`);
    show(rejectedList, cameras, rejectedRows, rejectedRow);
  }

  return { setState };
}

/** @typedef {ReturnType<typeof createRow>} Row */

/**
 * Name, address and source as the agent announced them, and the choices; a refusal is shown below.
 * @param {string} id @param {string} testid @param {() => number} now  0: it is not waited for
 * @param {Choice[]} choices
 */
function createRow(id, testid, now, choices) {
  const name = el('p', { class: 'asker-name' });
  const from = el('p', { class: 'quiet small' });
  const warning = el('p', { class: 'problem', 'data-testid': 'wrong-token', hidden: true }, WRONG_TOKEN);
  const silent = el('p', { class: 'warning small', 'data-testid': 'silent-agent', hidden: true });
  const problem = el('p', { class: 'problem', role: 'status', hidden: true });
  const buttons = choices.map(({ testid: what, label, primary, run }) => (
    button(label, what, () => attempt(run), primary ? 'button primary' : 'button')
  ));
  const element = el('li', { class: 'asker', 'data-testid': testid, 'data-camera': id },
    name, from, warning, silent, el('div', { class: 'row' }, ...buttons), problem);

  /** @param {Choice['run']} run */
  async function attempt(run) {
    buttons.forEach((each) => { each.disabled = true; });
    setHidden(problem, true);
    try {
      await run();
    } catch (error) {
      setSentence(problem, reason(error));
    }
    buttons.forEach((each) => { each.disabled = false; });
  }

  /** @param {CameraView} camera */
  function setState(camera) {
    setText(name, camera.name);
    setHidden(warning, !camera.wrong_token);
    setText(from, [camera.address, camera.source].filter(Boolean).join(' · '));
    const isSilent = now() - camera.last_seen > SILENT_S;
    setSentence(silent, isSilent ? silentWords(camera.last_seen, now()) : '');
    // What cannot be had now is not offered as the first thing to do.
    buttons.forEach((each, index) => each.classList.toggle('primary', Boolean(choices[index].primary) && !isSilent));
    buttons.forEach((each) => each.setAttribute('aria-label', `${each.textContent} ${camera.name}`));
  }

  return { element, setState };
}

/** @param {number} last_s @param {number} now_s */
const silentWords = (last_s, now_s) => (
  `Its agent has been silent since ${clockTime(last_s, now_s)}. Start it again, or reject it.`
);
