// @ts-nocheck
// Cameras that wait for a person's word, and those that were turned away.

import { el, icon, keyed, setHidden, setText } from '../lib/dom.js';

/** @param {HTMLElement} root */
export function createPending(root, { actions }) {
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

  /** @param {import('../lib/views.js').View|null} view */
  function setState(view) {
    const pending = view?.pending ?? [];
    setHidden(section, pending.length === 0);
    setText(badge, String(pending.length));
    keyed(list, pending, rows, { key: (camera) => camera.id, make: pendingRow, update: (row, camera) => row.setState(camera) });
    const live = view?.link === 'live';
    if (live && !wasLive) loadRejected();
    wasLive = live;
  }

  function pendingRow(camera) {
    return createRow(camera, 'pending-camera', [
      { name: 'approve', label: 'Approve', primary: true, run: () => actions.approve(camera.id) },
      { name: 'reject', label: 'Reject', run: () => actions.reject(camera.id).then(loadRejected) },
    ]);
  }

  function rejectedRow(camera) {
    return createRow(camera, 'rejected-camera', [{ name: 'allow-again', label: 'Allow again', run: () => actions.approve(camera.id).then(loadRejected) }]);
  }

  async function loadRejected() {
    const cameras = await actions.rejected().catch(() => []);
    setHidden(rejected, cameras.length === 0);
    setText(rejectedWords, `Rejected (${cameras.length})`);
    keyed(rejectedList, cameras, rejectedRows, { key: (camera) => camera.id, make: rejectedRow, update: (row, camera) => row.setState(camera) });
  }

  return { setState };
}

/** Name, address and source as they were announced, and what can be done; a refusal is said below. */
function createRow({ id }, testid, choices) {
  const name = el('p', { class: 'asker-name' });
  const from = el('p', { class: 'quiet small' });
  const problem = el('p', { class: 'problem', role: 'status', hidden: true });
  const buttons = choices.map(({ name: what, label, primary, run }) => el('button', {
    type: 'button', class: primary ? 'button primary' : 'button', 'data-testid': what, onclick: () => attempt(run),
  }, label));
  const element = el('li', { class: 'asker', 'data-testid': testid, 'data-camera': id }, name, from, el('div', { class: 'row' }, ...buttons), problem);

  async function attempt(run) {
    buttons.forEach((button) => { button.disabled = true; });
    setHidden(problem, true);
    try {
      await run();
    } catch (error) {
      setText(problem, error.message);
      setHidden(problem, false);
    }
    buttons.forEach((button) => { button.disabled = false; });
  }

  function setState(camera) {
    setText(name, camera.name);
    setText(from, [camera.address, camera.source].filter(Boolean).join(' · '));
    buttons.forEach((button) => button.setAttribute('aria-label', `${button.textContent} ${camera.name}`));
  }

  return { element, setState };
}
