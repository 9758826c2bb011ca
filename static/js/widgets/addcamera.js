// @ts-nocheck
// The command that makes a camera of any machine, ready to copy.

import { opener } from '../lib/dialog.js';
import { el, icon, setAttr, setHidden, setText } from '../lib/dom.js';

const SYSTEMS = [{ name: 'linux', label: 'Linux' }, { name: 'windows', label: 'Windows' }];
const THANKS_MS = 2000;

export function createAddCamera({ actions }) {
  const code = el('code', { class: 'command', tabIndex: 0, 'data-testid': 'agent-command' });
  const copied = el('span', {}, 'Copy');
  const copy = el('button', { type: 'button', class: 'button', 'data-testid': 'copy-command', onclick: onCopy }, icon('copy'), copied);
  const tabs = SYSTEMS.map(({ name, label }) => el('button', {
    type: 'button', class: 'tab', 'data-testid': `command-${name}`, 'data-system': name, onclick: () => choose(name),
  }, label));
  const note = el('p', { class: 'quiet small', role: 'status' });
  const element = el('div', { class: 'add-camera', 'data-testid': 'add-camera' },
    el('div', { class: 'row' }, el('div', { class: 'tabs', role: 'group', 'aria-label': 'System of the machine' }, ...tabs), copy), code, note);
  let commands = null;
  let system = /Windows/.test(navigator.userAgent) ? 'windows' : 'linux';
  let asked = false;

  function choose(name) {
    system = name;
    show();
  }

  function show() {
    tabs.forEach((tab) => setAttr(tab, 'aria-pressed', tab.dataset.system === system));
    setText(code, commands?.[system] ?? '');
    setHidden(code, !commands);
    copy.disabled = !commands;
  }

  async function load() {
    asked = true;
    try {
      commands = await actions.agentCommand();
      setText(note, 'The command holds the key with which cameras join: give it only to machines of yours.');
    } catch (error) {
      asked = false;
      setText(note, error.message);
    }
    show();
  }

  async function onCopy() {
    const done = await copyText(commands[system], code);
    setText(copied, done ? 'Copied' : 'Selected: press Ctrl+C');
    setTimeout(() => setText(copied, 'Copy'), THANKS_MS);
  }

  show();
  return {
    element,
    /** @param {import('../lib/views.js').View|null} view null: not on show, and the command is asked for anew next time */
    setState(view) {
      if (view === null) asked = false;
      else if (!asked && view.link === 'live') load();
    },
  };
}

/** The clipboard is closed to pages without HTTPS; there the text is selected and copied the old way. */
async function copyText(text, node) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(node);
    return document.execCommand('copy');
  }
}

/** The same in a panel that opens over the page. */
export function createAddCameraDialog({ actions }) {
  const inside = createAddCamera({ actions });
  const dialog = el('dialog', { class: 'dialog wide', 'aria-label': 'Add a camera', 'data-testid': 'add-camera-dialog' },
    el('h2', {}, 'Add a camera'), el('p', { class: 'quiet' }, 'Run this on a machine with a camera, and it appears here by itself.'),
    inside.element, el('div', { class: 'row end' }, el('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, 'Close')));
  let view = null;
  const show = opener(dialog, () => inside.setState(null));
  return {
    open() { show(); inside.setState(view); },
    setState(next) { view = next; if (dialog.open) inside.setState(view); },
  };
}
