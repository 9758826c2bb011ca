// The line above the pictures: how many cameras, who works on them, whether this page is live.

import { api } from '../lib/api.js';
import { el, icon, iconButton, setAttr, setHidden, setText, setTitle } from '../lib/dom.js';
import { peopleNow } from '../lib/counts.js';
import { engineHint, engineText, isIdentifying } from '../lib/options.js';
import { PAGES } from '../lib/pages.js';
import { isAdmin, userName } from '../lib/rights.js';

const ALIGNED = 'Pictures wait until it is known what is in them, so that boxes lie exactly. '
  + 'Click for pictures at once.';
const AT_ONCE = 'Pictures are shown at once; boxes are drawn where things are expected to be. Click for exact boxes.';
const LINK_WORDS = { connecting: 'connecting', live: 'live', lost: 'reconnecting', unable: 'not live' };

/**
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {{setAsideHidden: (hidden: boolean) => void}|null} parts.actions  null on a page without the sidebar
 * @param {string} [parts.version]  of the hub
 * @param {(on: boolean) => void} parts.onAligned  pictures shall wait for what is found in them, or not
 * @param {import('../lib/pages.js').PageName} [parts.page]  the one this is
 */
export function createHeader(root, { actions, version, onAligned, page = 'cameras' }) {
  const cameraCount = el('span', { class: 'fact numbers camera-count', 'data-testid': 'camera-count' });
  const peopleText = el('span');
  const peopleOf = el('span', { class: 'people-of' });
  const people = el('span', { class: 'fact numbers', 'data-testid': 'people-now' }, peopleText, peopleOf);
  const recognition = el('span', {
    class: 'badge', role: 'img', 'aria-label': 'recognition on', title: 'recognition on',
    'data-testid': 'recognition-on',
  }, icon('recognition'), el('span', {}, 'recognition on'));
  const engine = el('span', { class: 'fact quiet numbers engine', 'data-testid': 'engine' });
  const word = el('span', { class: 'link-word', 'data-testid': 'connection' });
  const dot = el('span', { class: 'link-dot', 'aria-hidden': 'true' }, '●');
  const link = el('span', { class: 'link-state', role: 'status' }, dot, word);
  const aligned = el('button', {
    type: 'button', class: 'switch-word', 'data-testid': 'aligned',
    onclick: () => onAligned(aligned.getAttribute('aria-pressed') !== 'true'),
  }, 'Aligned');
  const full = iconButton('fullscreen', 'Full screen', {
    onclick: toggleFullScreen, 'data-testid': 'fullscreen', 'aria-pressed': 'false',
  });
  const panel = iconButton('panel', 'Sidebar', { class: 'icon-button panel-button', 'data-testid': 'panel' });
  const who = userName() ? `Sign out ${userName()}` : 'Sign out';
  const out = iconButton('signout', who, {
    class: 'icon-button sign-out', onclick: () => api.signOut(), 'data-testid': 'sign-out',
  });
  const named = { class: 'brand', title: `ConvergeCast ${version}` };
  const brand = el('p', named, icon('brand'), el('span', {}, 'ConvergeCast'));
  root.append(brand, navigation(page), cameraCount, people, recognition, el('span', { class: 'spring' }),
    engine, aligned, link, full, panel, out);

  setHidden(panel, actions === null);
  panel.addEventListener('click', () => actions?.setAsideHidden(panel.getAttribute('aria-pressed') === 'true'));
  document.addEventListener('fullscreenchange', () => {
    setAttr(full, 'aria-pressed', Boolean(document.fullscreenElement));
  });
  setHidden(full, !document.fullscreenEnabled);

  /** @type {import('../lib/views.js').View|null} */
  let view = null;
  /** @type {Map<string, number|null>} */
  let shown = new Map();

  /** @param {import('../lib/views.js').View|null} next */
  function setState(next) {
    view = next;
    setText(cameraCount, view && (view.link === 'live' || view.link === 'lost') ? countText(view.cameras) : '');
    tellPeople();
    setHidden(recognition, !view?.cameras.some((camera) => isIdentifying(next?.options ?? [], camera)));
    setText(engine, engineText(view?.status));
    engine.title = engineHint(view?.status);
    setAttr(engine, 'data-engine', view?.status?.engine ?? 'off');
    setText(word, LINK_WORDS[view?.link ?? 'connecting']);
    setAttr(link, 'data-link', view?.link ?? 'connecting');
    setHidden(aligned, !view?.holdBack_s || !view.cameras.some(({ options }) => options.length > 0));
    setAttr(aligned, 'aria-pressed', Boolean(view?.aligned));
    aligned.title = view?.aligned ? ALIGNED : AT_ONCE;
    setAttr(panel, 'aria-pressed', !view?.asideHidden);
  }

  function tellPeople() {
    const { text, of, hint } = peopleNow(view?.cameras ?? [], view?.options ?? [], shown, view?.link !== 'live');
    setHidden(people, text === '');
    setText(peopleText, text);
    setText(peopleOf, of);
    setTitle(people, [text + of, hint].join('\n').trim());
  }

  return {
    setState,
    /**
     * How many people the tiles tell of.
     * @param {Map<string, number|null>} counts  by camera; null: not known
     */
    setCounts(counts) {
      shown = counts;
      tellPeople();
    },
  };
}

/** @param {string} page */
function navigation(page) {
  /** @param {import('../lib/pages.js').PageLink} there */
  const link = ({ name, label, href, icon: sign }) => {
    const props = { href, 'aria-current': name === page ? 'page' : null, 'data-testid': `page-${name}` };
    return el('a', sign ? { ...props, class: 'with-icon', title: label } : props,
      sign ? icon(sign) : null, el('span', {}, label));
  };
  const pages = PAGES.filter(({ admin }) => !admin || isAdmin());
  return el('nav', { class: 'pages', 'aria-label': 'Pages' }, ...pages.map(link));
}

/**
 * "14 cameras" while all are online, "12 of 14 cameras" while some are not.
 * @param {import('../lib/types.js').CameraView[]} cameras
 */
function countText(cameras) {
  const all = cameras.length;
  if (all === 0) return 'no cameras';
  const online = cameras.filter((camera) => camera.state === 'online').length;
  return `${online < all ? `${online} of ` : ''}${all} ${all === 1 ? 'camera' : 'cameras'}`;
}

function toggleFullScreen() {
  const done = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  done.catch(() => {});
}
