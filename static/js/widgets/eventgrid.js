// Events as pictures, newest first. Arrows go from one to the next, K keeps, Delete deletes.

import { button, el, icon, keyed, setAttr, setHidden, setText } from '../lib/dom.js';
import { eventTitle, eventWhen } from '../lib/eventwords.js';
import { mayOperate } from '../lib/rights.js';

/** @typedef {import('../lib/types.js').EventView} EventView */

/** @type {Record<string, string>} */
const SIGNS = { seen: 'objects', face: 'faces', crossing: 'later', camera: 'snapshot', system: 'option' };

/**
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {import('../lib/eventbook.js').EventBook} parts.book
 * @param {(event: EventView) => void} parts.onOpen
 * @param {(id: string, picture: 'thumbnail'|'snapshot') => string} parts.url  of a picture
 */
export function createEventGrid(root, { book, onOpen, url }) {
  const list = el('ul', { class: 'events', 'data-testid': 'events' });
  const nothing = el('p', { class: 'invitation', 'data-testid': 'no-events', hidden: true });
  const older = button('Older', 'events-older', () => book.older());
  const trouble = el('p', { class: 'problem', role: 'alert', 'data-testid': 'events-trouble', hidden: true });
  const rows = new Map();
  /** @type {EventView[]} */
  let shown = [];
  root.append(trouble, nothing, list, older);
  list.addEventListener('keydown', pressed);

  /** @param {EventView} event */
  function make({ id, kind }) {
    const mark = el('span', { class: 'event-mark is-alert' }, 'alert');
    const kept = el('span', { class: 'event-mark' }, 'kept');
    const lasts = el('span', { class: 'event-mark' }, 'now');
    const sign = icon(SIGNS[kind] ?? 'option');
    const image = el('img', { alt: '', loading: 'lazy', decoding: 'async', hidden: true });
    image.addEventListener('error', () => setHidden(image, true));
    const open = el('button', { type: 'button', class: 'event-open', 'data-testid': 'event', 'data-event': id,
      onclick: () => { const event = shown.find((each) => each.id === id); if (event) onOpen(event); } },
    image, sign, el('span', { class: 'event-marks' }, mark, lasts, kept));
    const title = el('span', { class: 'event-title', dir: 'auto' });
    const when = el('span', { class: 'event-when numbers' });
    const element = el('li', { class: 'event' }, open, title, when);
    return { element, open, image, sign, mark, kept, lasts, title, when, at: 0 };
  }

  /** @param {EventView} event @param {HTMLElement|undefined} next */
  function erase(event, next) {
    next?.focus();
    book.remove(event);
  }

  /** @param {KeyboardEvent} press */
  function pressed(press) {
    const buttons = /** @type {HTMLElement[]} */ ([...list.querySelectorAll('.event-open')]);
    const at = buttons.findIndex((each) => each === document.activeElement);
    const event = shown.find(({ id }) => id === buttons[at]?.dataset.event);
    if (event === undefined || press.ctrlKey || press.metaKey || press.altKey) return;
    const columns = Math.max(1, buttons.filter((each) => each.offsetTop === buttons[0].offsetTop).length);
    /** @type {Record<string, number>} */
    const steps = {
      ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -at, End: buttons.length,
    };
    if (press.key in steps) buttons[Math.max(0, Math.min(buttons.length - 1, at + steps[press.key]))].focus();
    else if (mayOperate() && press.key.toLowerCase() === 'k') book.keep(event);
    else if (mayOperate() && press.key === 'Delete') erase(event, buttons[at + 1] ?? buttons[at - 1]);
    else return;
    press.preventDefault();
  }

  /** @param {{now_s: number}|null} view */
  function setState(view) {
    const { events, trouble: why, loaded, more, filters } = book.state();
    shown = events;
    setText(trouble, why);
    setHidden(trouble, why === '');
    setHidden(older, !more);
    setHidden(nothing, events.length > 0 || Boolean(why));
    const any = Object.keys(filters).length > 0;
    setText(nothing, !loaded ? 'Loading…' : any ? 'No event is like this.'
      : 'Nothing has happened yet. Switch an option on for a camera: what it finds is kept here.');
    keyed(list, events, rows, {
      key: ({ id }) => id,
      make,
      update: (row, event) => {
        const words = eventTitle(event);
        const when = eventWhen(event, view?.now_s ?? Date.now() / 1000);
        setText(row.title, words);
        setText(row.when, when);
        setAttr(row.open, 'aria-label', `${words}, ${when}`);
        setHidden(row.mark, event.severity !== 'alert');
        setHidden(row.kept, !event.kept);
        setHidden(row.lasts, event.ended_at !== null);
        const at = event.picture?.at ?? 0;
        if (row.at !== at) {
          row.at = at;
          row.image.src = at ? `${url(event.id, 'thumbnail')}?at=${at}` : '';
          setHidden(row.image, !at);
        }
        if (row.sign.parentNode && at) row.sign.remove();
      },
    });
  }

  return { setState };
}
