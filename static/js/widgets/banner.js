// @ts-nocheck
// A thin bar while the hub cannot be reached, and the line that tells screen readers what changed.

import { el, setHidden } from '../lib/dom.js';

/** @param {HTMLElement} root */
export function createBanner(root) {
  const bar = el('p', { class: 'banner-bar', 'data-testid': 'banner', hidden: true }, 'reconnecting');
  root.setAttribute('role', 'status');
  root.append(bar);
  return {
    /** @param {import('../lib/views.js').View|null} view */
    setState(view) {
      setHidden(bar, view?.link !== 'lost');
    },
  };
}

/** Says changes of state once, without the seconds that count on. @param {HTMLElement} root */
export function createAnnouncer(root) {
  const known = new Map();

  function sentence(camera) {
    const because = camera.state_reason && camera.state !== 'online' ? `, ${camera.state_reason}` : '';
    return `${camera.name}: ${camera.state}${because}`;
  }

  return {
    /** @param {import('../lib/views.js').View|null} view */
    setState(view) {
      const cameras = view?.cameras ?? [];
      const news = cameras.filter((camera) => known.has(camera.id) && known.get(camera.id) !== camera.state).map(sentence);
      known.clear();
      cameras.forEach((camera) => known.set(camera.id, camera.state));
      if (news.length) root.textContent = news.join('. ');
    },
  };
}
