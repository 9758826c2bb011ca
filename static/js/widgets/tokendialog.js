// Makes an API token, then shows it: this once.

import { ROLES, rolesUpTo, streamLine } from '../lib/accountwords.js';
import { button, el, keyed, setHidden, setText } from '../lib/dom.js';
import { opener } from '../lib/dialog.js';
import { ROOT } from '../lib/root.js';
import { createCameraChoice } from './camerachoice.js';
import { createCopyButton } from './copy.js';
import { createField } from './field.js';
import { createFormDialog } from './formdialog.js';
import { createRoleChoice } from './rolechoice.js';

const DAY_S = 86400;
const USUAL_DAYS = 365;
/** @type {[number, string][]} */
const EXPIRIES = [[30, 'in 30 days'], [90, 'in 90 days'], [365, 'in a year'], [0, 'never']];
const HOW = 'Programs that want a user name and a password take any name, and the token as the password. '
  + 'With snapshot.jpg at the end it is one picture.';
const ONLY_HERE = ' This address is of this machine: on another machine write the hub’s own address instead.';
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** @param {{book: import('../lib/accountbook.js').AccountBook, now: () => number}} parts  now: UNIX seconds, hub's */
export function createTokenDialog({ book, now }) {
  const made = createMadeToken();
  const name = createField({
    id: 'token-name', label: 'What is it for?',
    props: { autocomplete: 'off', maxLength: 80, placeholder: 'Home automation', dir: 'auto' },
  });
  const role = createRoleChoice({ id: 'token', onChange: () => render() });
  const cameras = createCameraChoice({ id: 'token' });
  const expiry = el('select', { class: 'field', id: 'token-expiry', 'data-testid': 'token-expiry' },
    ...EXPIRIES.map(([days, words]) => el('option', { value: String(days) }, words)));
  const expires = el('div', { class: 'form' }, el('label', { for: 'token-expiry' }, 'It expires'), expiry);
  const form = createFormDialog({
    name: 'token',
    fields: [name.element, role.element, cameras.element, expires],
    check() {
      const hasCameras = cameras.check();
      const isNamed = name.refuse(name.input.value.trim() ? '' : 'Enter what it is for, so that you know it again.');
      return hasCameras && isNamed;
    },
    async send() {
      const days = Number(expiry.value);
      const chosen = role.value() === 'admin' ? {} : { cameras: cameras.value() };
      const fields = { name: name.input.value.trim(), role: role.value(), ...chosen };
      return book.makeToken({ ...fields, expires_at: days ? now() + days * DAY_S : null });
    },
    done: (token) => made.open(token, view?.cameras ?? []),
    clear: () => name.clear(),
  });
  /** @type {import('../lib/views.js').AccountsView|null} */
  let view = null;

  const render = () => cameras.setNeeded(role.value() !== 'admin');

  return {
    open() {
      role.open('viewer', rolesUpTo(view?.me?.role ?? ROLES[0].name));
      cameras.open(null, view?.me?.cameras ? 'All that you see' : 'All cameras, also those that are added later');
      expiry.value = String(USUAL_DAYS);
      form.open('Make an API token', 'Make the token');
      render();
      name.input.focus();
    },
    /** @param {import('../lib/views.js').AccountsView|null} next */
    setState(next) {
      view = next;
      if (view) cameras.setCameras(view.cameras);
    },
  };
}

/** The dialog that shows a token; nothing of it stays in the page when it is closed. */
function createMadeToken() {
  const title = el('h2', {});
  const text = el('code', { class: 'command', tabIndex: 0, 'data-testid': 'made-token' });
  const copy = createCopyButton(text, 'copy-token');
  const line = el('code', { class: 'command', tabIndex: 0, 'data-testid': 'made-line' });
  const camera = el('select', {
    class: 'field', 'aria-label': 'Camera', 'data-testid': 'made-camera', onchange: () => showLine(),
  });
  const how = el('p', { class: 'quiet small' }, HOW + (LOOPBACK.includes(location.hostname) ? ONLY_HERE : ''));
  const stream = el('div', { class: 'form' },
    el('h3', {}, 'For a player or home automation'), camera,
    line, el('div', { class: 'row end' }, createCopyButton(line, 'copy-line')), how);
  const close = button('Done', 'made-close', () => dialog.close(), 'button primary');
  const dialog = el('dialog', { class: 'dialog wide form-dialog', 'data-testid': 'made-dialog' }, title,
    el('p', { class: 'warning', 'data-testid': 'made-once' }, 'Copy it now: it is not shown again.'),
    text, el('div', { class: 'row end' }, copy), stream,
    el('div', { class: 'row end' }, close));
  /** @type {Map<string|number, {element: HTMLElement}>} */
  const options = new Map();
  const show = opener(dialog, () => [text, line].forEach((code) => setText(code, '')));

  function showLine() {
    setText(line, streamLine({ origin: location.origin, root: ROOT }, camera.value, text.textContent));
  }

  return {
    /** @param {import('../lib/types.js').MadeToken} token @param {import('../lib/types.js').CameraView[]} cameras */
    open(token, cameras) {
      const seen = cameras.filter(({ id }) => token.cameras?.includes(id) ?? true);
      setText(title, `The token “${token.name}”`);
      dialog.setAttribute('aria-label', title.textContent);
      setText(text, token.token);
      keyed(camera, seen, options, {
        key: ({ id }) => id,
        make: ({ id }) => ({ element: el('option', { value: id }) }),
        update: (row, each) => setText(row.element, each.name),
      });
      setHidden(stream, seen.length === 0);
      setHidden(camera, seen.length < 2);
      if (seen.length) {
        camera.value = seen[0].id;
        showLine();
      }
      show();
      copy.focus();
    },
  };
}
