// A thin bar while nothing can come from the hub, and the line from which screen readers read what changed.

import { api } from '../lib/api.js';
import { el, setSentence } from '../lib/dom.js';

/** @type {Object<string, string>} */
const SENTENCES = {
  lost: 'reconnecting',
  unable: 'This browser is too old to show live pictures. Update it, or use another one.',
};

/** @param {HTMLElement} root */
export function createBanner(root) {
  const bar = el('p', { class: 'banner-bar', 'data-testid': 'banner', hidden: true });
  root.setAttribute('role', 'status');
  root.append(bar);
  let link = '';
  let refusal = '';
  let asked = false;
  const show = () => setSentence(bar, (link === 'lost' && refusal) || (SENTENCES[link] ?? ''));
  return {
    /** @param {import('../lib/views.js').View|null} view */
    setState(view) {
      link = view?.link ?? '';
      if (link === 'live') refusal = '';
      show();
      if (link !== 'lost' || view?.status || asked) return;
      asked = true; // the hub has never greeted: it refuses, or a proxy before it does
      api.whyNoSocket().then((sentence) => {
        refusal = sentence ?? '';
        show();
      });
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
