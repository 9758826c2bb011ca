// The sidebar: what is selected, the AI buttons, and the cameras that wait for approval.

import { button, el, icon, setAttr, setHidden, setText } from '../lib/dom.js';
import { PAGES } from '../lib/pages.js';
import { isAdmin, mayOperate } from '../lib/rights.js';
import { createFirstSteps } from './firststeps.js';
import { createOptionButtons } from './optionbuttons.js';
import { createPending } from './pending.js';
import { createViewPanel } from './viewpanel.js';

/**
 * @typedef {object} Notice  what goes with a sentence
 * @property {(view: import('../lib/views.js').View) => boolean} [until]  whether its cause has gone, and it goes too
 * @property {string} [page]  where the viewer can put it right, by the hub's name of the page
 */

/**
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {import('../lib/actions.js').Actions} parts.actions
 * @param {import('./menu.js').Menu} parts.menu
 * @param {() => number} parts.now  UNIX seconds, hub's clock
 * @param {() => void} parts.onAddCamera
 * @param {(view: string|null) => void} parts.onView
 * @param {(seconds: number) => void} parts.onKiosk
 * @param {(ids: string[]) => void} parts.onObjects  the object settings of these cameras shall be chosen
 */
export function createAside(root, { actions, menu, now, onAddCamera, onView, onKiosk, onObjects }) {
  const size = el('span', { class: 'numbers', 'data-testid': 'selection-size' });
  const badge = el('span', { class: 'count-badge numbers', 'aria-label': 'waiting for approval', hidden: true });
  const handleWords = el('span', { class: 'handle-words' }, 'Sidebar');
  const handle = button([handleWords, badge, icon('chevron')], 'aside-handle', toggle, 'handle');
  const all = button('All', 'select-all', () => actions.selectAll(true), 'link');
  const none = button('None', 'select-none', () => actions.selectAll(false), 'link');
  const only = el('input', { type: 'checkbox', role: 'switch', class: 'switch', 'data-testid': 'only-selected' });
  const notice = el('p', { class: 'notice', role: 'status', 'data-testid': 'aside-notice' });
  const options = createOptionButtons({ actions });
  const objects = button([icon('objects'), 'Objects…'], 'objects-of-selection',
    () => onObjects(ids()), 'aside-link');
  const forget = button([icon('forget'), 'Forget…'], 'forget-selection',
    () => { if (shown) actions.forget(shown.chosen); }, 'aside-link');
  const panel = createViewPanel({ actions, menu, onView, onKiosk });
  const waiting = el('div', { class: 'waiting' });
  const pending = createPending(waiting, { actions, now });
  const add = button([icon('plus'), 'Add a camera'], 'add-camera-button', onAddCamera, 'button add-button');
  const steps = el('div', {});
  const firstSteps = isAdmin() ? createFirstSteps(steps) : null;
  const more = el('div', { class: 'aside-more' },
    el('div', { class: 'of-selection' }, ...(mayOperate() ? [objects] : []), ...(isAdmin() ? [forget] : [])),
    el('label', { class: 'switch-row small' }, el('span', {}, 'Show only selected'), only),
    ...(isAdmin() ? [waiting] : []), panel.element, steps, ...(isAdmin() ? [add] : []));
  const dot = el('span', { class: 'quiet', 'aria-hidden': 'true' }, '·');
  const selection = el('div', { class: 'selection' }, size, el('span', { class: 'spring' }), all, dot, none, handle);
  root.append(notice, selection, ...(mayOperate() ? [options.element] : []), more);
  /** @type {Notice['until']} */
  let isPast;
  /** @type {import('../lib/views.js').View|null} */
  let shown = null;
  const ids = () => (shown?.chosen ?? []).map(({ id }) => id);
  only.addEventListener('change', () => actions.setOnlySelected(only.checked));
  setAttr(handle, 'aria-expanded', false);

  /** On a phone the sidebar is a bar at the bottom that opens upward. */
  function toggle() {
    const open = root.classList.toggle('is-open');
    setAttr(handle, 'aria-expanded', open);
  }

  /** @param {import('../lib/views.js').View|null} view */
  function setState(view) {
    shown = view;
    const chosen = view?.chosen.length ?? 0;
    const open = view?.cameras.find(({ id }) => id === view.enlarged);
    setText(size, open ? open.name : chosen === 0 ? 'None selected' : `${chosen} selected`);
    [all, none, dot].forEach((each) => setHidden(each, Boolean(open)));
    objects.disabled = chosen === 0 || !view?.options.some(({ min_scores }) => min_scores);
    forget.disabled = chosen === 0;
    panel.setState(view);
    firstSteps?.setState(view);
    only.checked = view?.onlySelected ?? false;
    setHidden(badge, !view?.pending.length);
    setText(badge, String(view?.pending.length ?? 0));
    if (view && isPast?.(view)) say('');
    options.setState(view);
    pending.setState(view);
  }

  /** @param {string} sentence @param {Notice} [more] */
  function say(sentence, { until, page } = {}) {
    const there = PAGES.find(({ name }) => name === page);
    const link = there && el('a', { href: there.href, 'data-testid': `to-${there.name}` }, sentence);
    notice.replaceChildren(link ?? sentence);
    isPast = until;
  }

  return { setState, say };
}
