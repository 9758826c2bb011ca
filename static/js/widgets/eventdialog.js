// One event: its picture with the box, what is known of it, and what can be done with it.

import { button, el, setSentence, setText } from '../lib/dom.js';
import { api, reason } from '../lib/api.js';
import { opener } from '../lib/dialog.js';
import { eventFacts, eventTitle, eventWhen } from '../lib/eventwords.js';
import { mayOperate } from '../lib/rights.js';
import { createClipPlayer } from './clipplayer.js';

/** @typedef {import('../lib/types.js').EventView} EventView */

/**
 * @param {object} parts
 * @param {import('../lib/eventbook.js').EventBook} parts.book
 * @param {(id: string, picture: 'thumbnail'|'snapshot') => string} parts.url  of a picture
 * @param {(step: number) => void} parts.onStep  to the event before or after
 */
export function createEventDialog({ book, url, onStep }) {
  const title = el('h2', { dir: 'auto', 'data-testid': 'event-title' });
  const when = el('p', { class: 'quiet numbers' });
  const canvas = el('canvas', { role: 'img', 'aria-label': 'Picture of the event', 'data-testid': 'event-picture' });
  const frame = el('div', { class: 'event-picture' }, canvas);
  const missing = el('p', { class: 'quiet', 'data-testid': 'event-no-picture' }, 'There is no picture of this event.');
  const facts = el('ul', { class: 'event-facts', 'data-testid': 'event-facts' });
  const keep = button('Keep', 'event-keep', () => { if (event) book.keep(event); });
  const remove = button('Delete', 'event-delete', erase, 'button danger');
  const download = el('a', { class: 'button', download: '', 'data-testid': 'event-download' }, 'Picture');
  const clip = button('Play the clip', 'event-clip', () => { if (event) player.open(event.id); }, 'button primary');
  const why = el('p', { class: 'quiet small', 'data-testid': 'clip-reason', hidden: true });
  const videos = ['mkv', 'mp4'].map((kind) => button(`.${kind}`, `event-${kind}`, () => fetchVideo(kind)));
  const player = createClipPlayer({ canvas, onPicture: () => { frame.hidden = false; missing.hidden = true; } });
  const buttons = el('div', { class: 'row' }, clip, ...videos, download, ...(mayOperate() ? [keep, remove] : []),
    el('span', { class: 'spring' }), button('Close', 'event-close', () => dialog.close()));
  const dialog = el('dialog', { class: 'dialog event-dialog', 'data-testid': 'event-dialog' },
    title, when, frame, missing, player.element, facts, why, buttons);
  const show = opener(dialog, () => { event = null; player.close(); });
  /** @type {EventView|null} */
  let event = null;
  let drawn = '';
  let told = '';
  dialog.addEventListener('keydown', pressed);

  function erase() {
    if (event === null) return;
    const gone = event;
    dialog.close();
    book.remove(gone);
  }

  /** @param {KeyboardEvent} press */
  function pressed(press) {
    if (event === null || press.ctrlKey || press.metaKey || press.altKey) return;
    if (press.target instanceof HTMLInputElement && press.key.startsWith('Arrow')) return;
    if (press.key === 'ArrowRight' || press.key === 'ArrowLeft') onStep(press.key === 'ArrowRight' ? 1 : -1);
    else if (press.key === '.' || press.key === ',') player.step(press.key === '.' ? 1 : -1);
    else if (press.key === ' ' && !(press.target instanceof HTMLButtonElement)) player.toggle();
    else if (mayOperate() && press.key.toLowerCase() === 'k') book.keep(event);
    else if (mayOperate() && press.key === 'Delete') erase();
    else return;
    press.preventDefault();
  }

  /** @param {string} kind */
  async function fetchVideo(kind) {
    if (event === null) return;
    const { id } = event;
    const isOpen = () => event?.id === id;
    setSentence(why, 'The video is being made…');
    try {
      const address = await api.video(id, kind === 'mkv' ? 'mkv' : 'mp4', isOpen);
      if (address === null) return;
      location.assign(address);
      setSentence(why, '');
    } catch (error) {
      if (isOpen()) setSentence(why, reason(error));
    }
  }

  async function draw() {
    const { id, picture } = event ?? { id: '', picture: null };
    const key = `${id} ${picture?.at}`;
    if (key === drawn || player.isOpen()) return;
    drawn = key;
    frame.hidden = picture === null;
    missing.hidden = picture !== null;
    if (picture === null) return;
    const address = `${url(id, 'snapshot')}?at=${picture.at}`;
    const response = await fetch(address, { credentials: 'same-origin' }).catch(() => null);
    const image = response?.ok ? await createImageBitmap(await response.blob()).catch(() => null) : null;
    if (drawn !== key) return;
    frame.hidden = image === null;
    missing.hidden = image !== null;
    if (image === null) return;
    canvas.width = image.width;
    canvas.height = image.height;
    canvas.dataset.event = id;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    context.drawImage(image, 0, 0);
    image.close();
    const [x1, y1, x2, y2] = picture.box.map((value, index) => (
      value * (index % 2 ? canvas.height / picture.height : canvas.width / picture.width)));
    const scale = Math.max(1, canvas.width / 640);
    for (const { width, colour } of [{ width: 4, colour: '#000' }, { width: 2, colour: '#5aa9ff' }]) {
      context.lineWidth = width * scale;
      context.strokeStyle = colour;
      context.strokeRect(x1, y1, x2 - x1, y2 - y1);
    }
  }

  /** @param {{now_s: number}|null} view */
  function setState(view) {
    if (event === null) return;
    const { id, clip: before } = event;
    event = book.state().events.find((each) => each.id === id) ?? event;
    const now_s = view?.now_s ?? Date.now() / 1000;
    setText(title, eventTitle(event));
    setText(when, eventWhen(event, now_s));
    setText(keep, event.kept ? 'Keep no longer' : 'Keep');
    [clip, ...videos].forEach((each) => { each.hidden = event?.clip === null; });
    if (event.clip === null) setSentence(why, event.clip_reason ?? '');
    else if (before === null) setSentence(why, '');
    const known = eventFacts(event, now_s);
    if (known.join('\n') !== told) facts.replaceChildren(...known.map((words) => el('li', { dir: 'auto' }, words)));
    told = known.join('\n');
    download.href = url(event.id, 'snapshot');
    download.hidden = event.picture === null;
    dialog.setAttribute('aria-label', eventTitle(event));
    draw();
  }

  return {
    setState,
    opened: () => event?.id ?? null,
    /** @param {EventView} next */
    open(next) {
      const was = event;
      event = next;
      if (was?.id !== next.id) { player.close(); drawn = ''; setSentence(why, ''); }
      if (was === null) show();
      setState(null);
      if (was?.id !== next.id && next.clip !== null) player.open(next.id);
    },
  };
}
