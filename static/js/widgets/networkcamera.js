// A camera on the network: its address, which the hub tries before it keeps it, and then its picture.

import { ApiError, reason } from '../lib/api.js';
import { cameraAddress } from '../lib/cameraaddress.js';
import { button, el, setAttr, setHidden, setSentence, setText } from '../lib/dom.js';
import { opener } from '../lib/dialog.js';
import { createField, createPasswordField } from './field.js';
import { createFoundCameras } from './foundcameras.js';

/** @typedef {import('../lib/types.js').CameraView} CameraView */

const TRYING = 'Trying the camera, for 10 seconds at most…';
const RULE = 'It begins with rtsp:// or http:// and is in the manual of the camera.';
const NO_PICTURE = 422;

/**
 * The form alone.
 * @param {object} parts
 * @param {string} parts.id  of its parts in tests
 * @param {string} parts.yes  on the button that sends
 * @param {string} parts.keep  on the button that sends it although no picture came
 * @param {(fields: {source: string, keep: boolean}) => Promise<CameraView>} parts.send  fails with the hub's sentence
 * @param {(camera: CameraView) => void} parts.done
 */
function createNetworkForm({ id, yes, keep, send, done }) {
  const typing = { autocomplete: 'off', spellcheck: false, autocapitalize: 'off' };
  const address = createField({
    id: `${id}-address`, label: 'Address of the camera', rule: RULE,
    props: { ...typing, maxLength: 2000, placeholder: 'rtsp://192.168.1.20/stream1', dir: 'ltr' },
  });
  const user = createField({
    id: `${id}-user`, label: 'User, if the camera asks for one', props: { ...typing, maxLength: 200 },
  });
  const password = createPasswordField({ id: `${id}-password`, label: 'Password', autocomplete: 'off' });
  const problem = el('p', { class: 'problem', role: 'alert', hidden: true, 'data-testid': `${id}-problem` });
  const progress = el('p', { class: 'quiet small', role: 'status', hidden: true, 'data-testid': `${id}-progress` });
  const anyway = button(keep, `${id}-keep`, () => submit(true));
  const submitting = el('button', { type: 'submit', class: 'button primary', 'data-testid': `${id}-submit` }, yes);
  const element = el('form', { class: 'network-form', noValidate: true, 'data-testid': `${id}-form` },
    address.element, el('div', { class: 'two-fields' }, user.element, password.element), progress, problem,
    el('div', { class: 'row end' }, anyway, submitting));
  // An answer to what was sent before the form was cleared changes nothing.
  let turns = 0;
  let busy = false;

  element.addEventListener('submit', (event) => { event.preventDefault(); submit(false); });

  /** @param {boolean} isKept */
  async function submit(isKept) {
    const source = cameraAddress(address.input.value, user.input.value, password.input.value);
    if (busy || !address.refuse(source ? '' : 'Enter the address of the camera.')) return;
    setSentence(problem, '');
    setHidden(anyway, true);
    const turn = turns;
    setBusy(true);
    try {
      const camera = await send({ source, keep: isKept });
      if (turn !== turns) return;
      clear();
      done(camera);
    } catch (error) {
      if (turn !== turns) return;
      setBusy(false);
      setSentence(problem, reason(error));
      setHidden(anyway, !(error instanceof ApiError && error.status === NO_PICTURE));
    }
  }

  /** @param {boolean} on */
  function setBusy(on) {
    busy = on;
    setAttr(submitting, 'aria-disabled', on || null);
    setSentence(progress, on ? TRYING : '');
  }

  /** Leaves nothing of what was typed. */
  function clear() {
    turns += 1;
    for (const field of [address, user, password]) field.clear();
    setSentence(problem, '');
    setHidden(anyway, true);
    setBusy(false);
  }

  setHidden(anyway, true);
  return {
    element,
    clear,
    focus: () => address.input.focus(),
    credentials: () => ({ user: user.input.value, password: password.input.value }),
    /** @param {string} source */
    setAddress(source) {
      address.input.value = source;
      address.refuse('');
      user.input.focus();
    },
  };
}

/**
 * The form, cameras that were found, and the picture of what was added.
 * @param {{actions: import('../lib/actions.js').Actions}} parts
 */
export function createNetworkCamera({ actions }) {
  const form = createNetworkForm({
    id: 'network',
    yes: 'Try and add',
    keep: 'Add it anyway',
    send: (fields) => actions.addCamera(fields),
    done: (camera) => { added = camera; render(); },
  });
  const found = createFoundCameras({
    look: () => actions.discover(form.credentials()), choose: (source) => form.setAddress(source),
  });
  const picture = el('img', { class: 'added-picture', alt: '', hidden: true, 'data-testid': 'network-picture' });
  const words = el('p', { role: 'status', hidden: true, 'data-testid': 'network-added' });
  const element = el('div', { class: 'network-camera' }, form.element, words, picture, found.element);
  /** @type {CameraView|null} what was added last */
  let added = null;
  let shown = '';

  function render() {
    const { id = '', name = '', state = '', state_reason: why = '' } = added ?? {};
    const online = state === 'online' && added?.age_ms !== null;
    if (online && shown !== id) picture.src = actions.snapshotUrl(id);
    if (online) shown = id;
    setHidden(picture, !added || shown !== id);
    picture.alt = added ? `Picture of ${name}` : '';
    const waits = `${name} is added and waits for its picture. ${why ?? ''}`;
    setSentence(words, added ? (online ? `${name} is added.` : waits) : '');
  }

  return {
    element,
    clear() {
      added = null;
      shown = '';
      form.clear();
      found.clear();
      render();
    },
    /** @param {import('../lib/views.js').View} view */
    setState(view) {
      const now = view.cameras.find(({ id }) => id === added?.id);
      if (now) {
        added = now;
        render();
      }
    },
  };
}

/**
 * Asks for another address of a camera that the hub looks after.
 * @param {CameraView} camera @param {import('../lib/actions.js').Actions} actions
 */
export function changeSource(camera, actions) {
  const form = createNetworkForm({
    id: 'source',
    yes: 'Try and change',
    keep: 'Change it anyway',
    send: (fields) => actions.changeSource(camera.id, fields),
    done: () => dialog.close(),
  });
  const now = el('p', { class: 'quiet' });
  setText(now, `Now: ${camera.source ?? ''} (user and password are not shown)`);
  const close = button('Cancel', 'source-cancel', () => dialog.close());
  const title = `Change the source of “${camera.name}”`;
  const dialog = el('dialog', { class: 'dialog wide', 'aria-label': title, 'data-testid': 'source-dialog' },
    el('h2', {}, title), now, form.element, el('div', { class: 'row end' }, close));
  opener(dialog, form.clear)();
  form.focus();
}
