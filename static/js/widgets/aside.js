// @ts-nocheck
// The tool beside the pictures: what is selected, what to look for in it, and who asks to join.

import { el, icon, setAttr, setHidden, setText } from '../lib/dom.js';
import { PAGES } from '../lib/pages.js';
import { createOptionButtons } from './optionbuttons.js';
import { createPending } from './pending.js';

/**
 * @typedef {object} Notice  what goes with a sentence
 * @property {'selected'} [until]  when it has served its purpose
 * @property {string|null} [page]  where it can be put right, by the hub's word
 */

/** @param {HTMLElement} root */
export function createAside(root, { actions, onAddCamera }) {
  const size = el('span', { class: 'numbers', 'data-testid': 'selection-size' });
  const badge = el('span', { class: 'count-badge numbers', 'aria-label': 'waiting for approval', hidden: true });
  const handle = el('button', { type: 'button', class: 'handle', 'aria-expanded': 'false', 'data-testid': 'aside-handle', onclick: toggle },
    el('span', { class: 'handle-words' }, 'Panel'), badge, icon('chevron'));
  const link = (label, testid, run) => el('button', { type: 'button', class: 'link', 'data-testid': testid, onclick: run }, label);
  const all = link('All', 'select-all', () => actions.selectAll(true));
  const none = link('None', 'select-none', () => actions.selectAll(false));
  const only = el('input', { type: 'checkbox', role: 'switch', class: 'switch', 'data-testid': 'only-selected' });
  const notice = el('p', { class: 'notice', role: 'status', 'data-testid': 'aside-notice' });
  const options = createOptionButtons({ actions });
  const waiting = el('div', { class: 'waiting' });
  const pending = createPending(waiting, { actions });
  const more = el('div', { class: 'aside-more' },
    el('label', { class: 'switch-row small' }, el('span', {}, 'Only selected'), only),
    waiting,
    el('button', { type: 'button', class: 'button add-button', 'data-testid': 'add-camera-button', onclick: onAddCamera }, icon('plus'), 'Add a camera'));
  const selection = el('div', { class: 'selection' }, size, el('span', { class: 'spring' }), all, el('span', { class: 'quiet', 'aria-hidden': 'true' }, '·'), none, handle);
  root.append(notice, selection, options.element, more);
  only.addEventListener('change', () => actions.setOnlySelected(only.checked));

  /** On a phone the bar at the bottom opens upward. */
  function toggle() {
    const open = root.classList.toggle('is-open');
    setAttr(handle, 'aria-expanded', open);
  }

  /** @param {import('../lib/views.js').View|null} view */
  function setState(view) {
    const chosen = view?.selected.size ?? 0;
    setText(size, chosen === 0 ? 'None selected' : `${chosen} selected`);
    only.checked = view?.onlySelected ?? false;
    setHidden(badge, !view?.pending.length);
    setText(badge, String(view?.pending.length ?? 0));
    if (chosen > 0 && notice.dataset.until === 'selected') say('');
    options.setState(view);
    pending.setState(view);
  }

  /** @param {string} sentence @param {Notice} [more] */
  function say(sentence, { until, page } = {}) {
    const there = PAGES.find(({ name }) => name === page);
    notice.replaceChildren(there ? el('a', { href: there.href, 'data-testid': `to-${there.name}` }, sentence) : sentence);
    setAttr(notice, 'data-until', until ?? null);
  }

  return { setState, say };
}
