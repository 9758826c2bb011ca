// A thin bar while the hub cannot be reached, and the line from which screen readers read what changed.

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

/** Says each change of state once, without a running count of seconds. @param {HTMLElement} root */
export function createAnnouncer(root) {
  const known = new Map();

  /** @param {import('../lib/types.js').CameraView} camera */
  function sentence(camera) {
    const because = camera.state_reason && camera.state !== 'online' ? `, ${camera.state_reason}` : '';
    return `${camera.name}: ${camera.state}${because}`;
  }

  return {
    /** @param {import('../lib/views.js').View|null} view */
    setState(view) {
      const cameras = view?.cameras ?? [];
      const changed = cameras.filter(({ id, state }) => known.has(id) && known.get(id) !== state);
      const news = changed.map(sentence);
      known.clear();
      cameras.forEach((camera) => known.set(camera.id, camera.state));
      if (news.length) root.textContent = news.join('. ');
    },
  };
}
