// The command that adds the cameras of a machine, ready to copy.

import { reason } from '../lib/api.js';
import { opener } from '../lib/dialog.js';
import { button, el, setAttr, setHidden, setText } from '../lib/dom.js';
import { createCopyButton } from './copy.js';

/** @typedef {'linux'|'windows'} System */

/** @type {{name: System, label: string}[]} */
const SYSTEMS = [{ name: 'linux', label: 'Linux' }, { name: 'windows', label: 'Windows' }];
export const HOW_TO_ADD = 'Run this command on a machine with a camera. The camera then appears here.';
const KEEP_SECRET = 'The command contains the agent token, with which cameras join. Use it only on your own machines.';

/** @param {{actions: import('../lib/actions.js').Actions}} parts */
export function createAddCamera({ actions }) {
  const code = el('code', { class: 'command', tabIndex: 0, 'data-testid': 'agent-command' });
  const copy = createCopyButton(code, 'copy-command');
  const tabs = SYSTEMS.map(({ name, label }) => button(label, `command-${name}`, () => choose(name), 'tab'));
  const note = el('p', { class: 'quiet small', role: 'status' });
  const systems = el('div', { class: 'tabs', role: 'group', 'aria-label': 'Operating system' }, ...tabs);
  const element = el('div', { class: 'add-camera', 'data-testid': 'add-camera' },
    el('div', { class: 'row' }, systems, copy), code, note);
  /** @type {import('../lib/types.js').AgentCommand|null} */
  let commands = null;
  /** @type {System} */
  let system = /Windows/.test(navigator.userAgent) ? 'windows' : 'linux';
  let asked = false;

  /** @param {System} name */
  function choose(name) {
    system = name;
    show();
  }

  function show() {
    tabs.forEach((tab, index) => setAttr(tab, 'aria-pressed', SYSTEMS[index].name === system));
    setText(code, commands?.[system] ?? '');
    setHidden(code, !commands);
    copy.disabled = !commands;
  }

  async function load() {
    asked = true;
    try {
      commands = await actions.agentCommand();
      setText(note, KEEP_SECRET);
    } catch (error) {
      asked = false;
      setText(note, reason(error));
    }
    show();
  }

  show();
  return {
    element,
    /** @param {import('../lib/views.js').View|null} view null: hidden; the command is asked for again next time */
    setState(view) {
      if (view === null) asked = false;
      else if (!asked && view.link === 'live') load();
    },
  };
}

/** The same in a dialog. @param {{actions: import('../lib/actions.js').Actions}} parts */
export function createAddCameraDialog({ actions }) {
  const inside = createAddCamera({ actions });
  const close = el('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, 'Close');
  const props = { class: 'dialog wide', 'aria-label': 'Add a camera', 'data-testid': 'add-camera-dialog' };
  const dialog = el('dialog', props, el('h2', {}, 'Add a camera'), el('p', { class: 'quiet' }, HOW_TO_ADD),
    inside.element, el('div', { class: 'row end' }, close));
  /** @type {import('../lib/views.js').View|null} */
  let view = null;
  const show = opener(dialog, () => inside.setState(null));
  return {
    open() { show(); inside.setState(view); },
    /** @param {import('../lib/views.js').View|null} next */
    setState(next) { view = next; if (dialog.open) inside.setState(view); },
  };
}
