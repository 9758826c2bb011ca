// Plays the recorded frames of an event on a canvas, with the boxes of that time. Every frame can be reached exactly.

import { api } from '../lib/api.js';
import { button, el, setText } from '../lib/dom.js';

/** @typedef {import('../lib/types.js').FrameView} FrameView */

const AHEAD = 6;
const MOST_KEPT = 40;
const LONGEST_PAUSE_MS = 1000;

/**
 * @param {object} parts
 * @param {HTMLCanvasElement} parts.canvas
 * @param {() => void} parts.onPicture  a frame is drawn
 */
export function createClipPlayer({ canvas, onPicture }) {
  const play = button('Play', 'clip-play', () => setPlaying(!playing));
  const back = button('‹', 'clip-back', () => step(-1));
  const next = button('›', 'clip-next', () => step(1));
  const slider = el('input', {
    type: 'range', class: 'slider', min: '0', value: '0', 'aria-label': 'Frame', 'data-testid': 'clip-slider',
  });
  const time = el('span', { class: 'quiet numbers', 'data-testid': 'clip-time' });
  const element = el('div', { class: 'player', hidden: true, 'data-testid': 'player' }, back, play, next, slider, time);
  back.setAttribute('aria-label', 'Frame before');
  next.setAttribute('aria-label', 'Frame after');
  /** @type {FrameView[]} */
  let frames = [];
  let id = '';
  let at = 0;
  let playing = false;
  let drawing = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  /** @type {Map<string, Promise<ImageBitmap|null>>} */
  const pictures = new Map();
  slider.addEventListener('input', () => { setPlaying(false); show(Number(slider.value)); });

  /** @param {number} index */
  function picture(index) {
    const { key } = frames[index];
    let found = pictures.get(key);
    if (found === undefined) {
      found = fetch(api.frameUrl(id, key), { credentials: 'same-origin' })
        .then((response) => (response.ok ? response.blob() : null))
        .then((blob) => blob && createImageBitmap(blob)).catch(() => null);
      pictures.set(key, found);
      for (const old of pictures.keys()) {
        if (pictures.size <= MOST_KEPT) break;
        letGo(old);
      }
    }
    return found;
  }

  /** Frees its memory, which is else freed only when the browser comes to it. @param {string} key */
  function letGo(key) {
    pictures.get(key)?.then((image) => image?.close());
    pictures.delete(key);
  }

  /** @param {number} index */
  async function show(index) {
    at = Math.max(0, Math.min(frames.length - 1, index));
    drawing += 1;
    const mine = drawing;
    slider.value = String(at);
    const since_s = frames[at].captured_at - frames[0].captured_at;
    setText(time, `${since_s.toFixed(1)} s`);
    const image = await picture(at);
    for (let ahead = 1; ahead <= AHEAD && at + ahead < frames.length; ahead += 1) picture(at + ahead);
    if (mine !== drawing || image === null) return;
    draw(image, frames[at]);
    onPicture();
  }

  /** @param {ImageBitmap} image @param {FrameView} frame */
  function draw(image, { result }) {
    if (canvas.width !== image.width) canvas.width = image.width;
    if (canvas.height !== image.height) canvas.height = image.height;
    canvas.dataset.frame = String(at);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    context.drawImage(image, 0, 0);
    if (result === null) return;
    const [right, down] = [image.width / result.width, image.height / result.height];
    const boxes = [...(result.objects ?? []), ...(result.faces ?? [])].map(({ box }) => box);
    canvas.dataset.boxes = String(boxes.length);
    for (const { width, colour } of [{ width: 4, colour: '#000' }, { width: 2, colour: '#5aa9ff' }]) {
      context.lineWidth = width * Math.max(1, image.width / 640);
      context.strokeStyle = colour;
      for (const [x1, y1, x2, y2] of boxes) {
        context.strokeRect(x1 * right, y1 * down, (x2 - x1) * right, (y2 - y1) * down);
      }
    }
  }

  /** @param {boolean} on */
  function setPlaying(on) {
    playing = on && frames.length > 1;
    setText(play, playing ? 'Pause' : 'Play');
    clearTimeout(timer);
    if (!playing) return;
    if (at >= frames.length - 1) at = 0;
    tick();
  }

  async function tick() {
    const began = performance.now();
    await show(at);
    if (!playing) return;
    if (at >= frames.length - 1) { setPlaying(false); return; }
    const pause_ms = (frames[at + 1].captured_at - frames[at].captured_at) * 1000 - (performance.now() - began);
    timer = setTimeout(() => { at += 1; tick(); }, Math.max(0, Math.min(LONGEST_PAUSE_MS, pause_ms)));
  }

  /** @param {number} by */
  function step(by) {
    setPlaying(false);
    if (frames.length) show(at + by);
  }

  function close() {
    setPlaying(false);
    drawing += 1;
    frames = [];
    for (const key of pictures.keys()) letGo(key);
    element.hidden = true;
  }

  return {
    element,
    close,
    step,
    toggle: () => setPlaying(!playing),
    isOpen: () => frames.length > 0,
    /** Loads a clip and plays it from its begin. @param {string} event_id */
    async open(event_id) {
      close();
      id = event_id;
      const mine = drawing;
      /** @type {FrameView[]} */
      const found = [];
      let after = '';
      do {
        const page = await api.frames(event_id, after).catch(() => null);
        if (page === null || mine !== drawing) return;
        found.push(...page.frames);
        after = page.next ?? '';
      } while (after !== '');
      frames = found;
      slider.max = String(frames.length - 1);
      element.hidden = false;
      at = 0;
      setPlaying(true);
    },
  };
}
