// A thin bar while nothing can come from the hub, and the line from which screen readers read what changed.

import { api } from '../lib/api.js';
import { el, setSentence } from '../lib/dom.js';

/** Longer than the longest wait before a socket is opened again. */
const AGAIN_MS = 8000;
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
  let greeted = false;
  let asking = false;
  let worked = false;
  const show = () => setSentence(bar, (link === 'lost' && !greeted && refusal) || (SENTENCES[link] ?? ''));

  /** The hub has never greeted: it refuses, or a proxy before it does. */
  async function ask() {
    if (asking || greeted || link !== 'lost') return;
    asking = true;
    const { sentence, works } = await api.whyNoSocket();
    // The hub may have started after the socket was lost. A proxy is to blame if the next socket is lost too.
    refusal = works && !worked ? '' : sentence;
    worked = works;
    show();
    setTimeout(() => {
      asking = false;
      ask();
    }, AGAIN_MS);
  }

  return {
    /** @param {import('../lib/views.js').View|null} view */
    setState(view) {
      link = view?.link ?? '';
      greeted ||= link === 'live';
      show();
      ask();
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
