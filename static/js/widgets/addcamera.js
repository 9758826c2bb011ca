// How a camera is added: of this computer, of another one, or on the network without a computer of its own.

import { reason } from '../lib/api.js';
import { opener } from '../lib/dialog.js';
import { button, el, setAttr, setHidden, setText } from '../lib/dom.js';
import { createCopyButton } from './copy.js';
import { createNetworkCamera } from './networkcamera.js';

/** @typedef {'linux'|'windows'} System */
/** @typedef {'here'|'elsewhere'|'network'} Place */

/** @type {{name: System, label: string}[]} */
const SYSTEMS = [{ name: 'linux', label: 'Linux' }, { name: 'windows', label: 'Windows' }];
/** @type {{name: Place, label: string}[]} */
const PLACES = [
  { name: 'here', label: 'This computer' },
  { name: 'elsewhere', label: 'Another computer' },
  { name: 'network', label: 'Network camera' },
];
export const HOW_TO_ADD = 'Add a camera of this computer, of another one, or of the network.';
/** @type {Object<string, string>} */
const HOW = {
  here: 'Run this command in the folder of ConvergeCast. The camera then appears here.',
  elsewhere: 'Run these commands on a computer with a camera. ADDRESS is where you have ConvergeCast from.',
};
const ONLY_HERE = 'This hub listens on this computer only, so no other one reaches it. Stop it, make an account, '
  + 'and start it for the network:';
const FOR_NETWORK = ['user add NAME --role admin', 'serve --host 0.0.0.0'];
const CLONE = 'git clone ADDRESS convergecast';
const KEEP_SECRET = 'The command contains the agent token, with which cameras join. Use it only on your own computers.';
const WAITING = 'Waiting for the camera…';
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** @param {{actions: import('../lib/actions.js').Actions}} parts */
export function createAddCamera({ actions }) {
  const how = el('p', { class: 'quiet' });
  const code = el('code', { class: 'command', tabIndex: 0, 'data-testid': 'agent-command' });
  const copy = createCopyButton(code, 'copy-command');
  const tabs = SYSTEMS.map(({ name, label }) => button(label, `command-${name}`, () => chooseSystem(name), 'tab'));
  const places = PLACES.map(({ name, label }) => button(label, `add-${name}`, () => choose(name), 'tab'));
  const note = el('p', { class: 'quiet small', role: 'status' });
  const waiting = el('p', { class: 'quiet small', role: 'status', 'data-testid': 'add-waiting' });
  const network = createNetworkCamera({ actions });
  const systems = el('div', { class: 'tabs', role: 'group', 'aria-label': 'Operating system' }, ...tabs);
  const head = el('div', { class: 'row' }, systems, copy);
  const command = el('div', { class: 'add-command' }, how, head, code, note, waiting);
  const choice = el('div', { class: 'tabs', role: 'group', 'aria-label': 'Where the camera is' }, ...places);
  const props = { class: 'add-camera', 'data-testid': 'add-camera' };
  const element = el('div', props, choice, command, network.element);
  /** @type {import('../lib/types.js').AgentCommand|null} */
  let commands = null;
  /** @type {System} */
  let system = /Windows/.test(navigator.userAgent) ? 'windows' : 'linux';
  /** @type {Place} */
  let place = LOOPBACK.includes(location.hostname) ? 'here' : 'elsewhere';
  let asked = false;
  /** @type {Set<string>|null} the cameras that were there when this was opened */
  let known = null;

  /** @param {System} name */
  function chooseSystem(name) {
    system = name;
    show();
  }

  /** @param {Place} name */
  function choose(name) {
    place = name;
    show();
  }

  /** What is to be run; null: nothing is known. */
  function lines() {
    if (!commands) return null;
    if (place === 'here') return commands[system];
    if (!commands.elsewhere) return FOR_NETWORK.map((words) => `${commands?.program} ${words}`).join('\n');
    return [CLONE, 'cd convergecast', commands.elsewhere[system]].join('\n');
  }

  function show() {
    places.forEach((tab, index) => setAttr(tab, 'aria-pressed', PLACES[index].name === place));
    tabs.forEach((tab, index) => setAttr(tab, 'aria-pressed', SYSTEMS[index].name === system));
    setHidden(command, place === 'network');
    setHidden(network.element, place !== 'network');
    const closed = place === 'elsewhere' && commands !== null && !commands.elsewhere;
    setText(how, closed ? ONLY_HERE : HOW[place] ?? '');
    setHidden(systems, closed);
    setHidden(note, closed);
    setHidden(waiting, closed || !commands);
    setText(code, lines() ?? '');
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

  /** @param {import('../lib/views.js').View} view */
  function wait({ cameras, pending }) {
    const all = [...cameras, ...pending];
    known ??= new Set(all.map(({ id }) => id));
    const came = all.filter(({ id }) => !known?.has(id)).map(({ name }) => name);
    setText(waiting, came.length ? `Here now: ${came.join(', ')}.` : WAITING);
  }

  show();
  return {
    element,
    /** @param {import('../lib/views.js').View|null} view null: hidden; the command is asked for again next time */
    setState(view) {
      if (view === null) {
        if (known !== null) network.clear();
        asked = false;
        known = null;
        return;
      }
      if (view.link !== 'live') return;
      if (!asked) load();
      wait(view);
      network.setState(view);
    },
  };
}

/** The same in a dialog. @param {{actions: import('../lib/actions.js').Actions}} parts */
export function createAddCameraDialog({ actions }) {
  const inside = createAddCamera({ actions });
  const close = el('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, 'Close');
  const props = { class: 'dialog wide', 'aria-label': 'Add a camera', 'data-testid': 'add-camera-dialog' };
  const foot = el('div', { class: 'row end' }, close);
  const dialog = el('dialog', props, el('h2', {}, 'Add a camera'), inside.element, foot);
  /** @type {import('../lib/views.js').View|null} */
  let view = null;
  const show = opener(dialog, () => inside.setState(null));
  return {
    open() { show(); inside.setState(view); },
    /** @param {import('../lib/views.js').View|null} next */
    setState(next) { view = next; if (dialog.open) inside.setState(view); },
  };
}
