// What a page beside the wall has in common with the others: the header, the banner, and the hub's news.

import { api } from './api.js';
import { at } from './dom.js';
import { createLive } from './live.js';
import { liveUrl } from './root.js';
import { createStore } from './store.js';
import { createBanner } from '../widgets/banner.js';
import { createHeader } from '../widgets/header.js';

/**
 * @param {object} parts
 * @param {HTMLElement} parts.main
 * @param {import('./pages.js').PageName} parts.name
 * @param {(view: import('./views.js').View) => void} parts.render
 */
export function createPage({ main, name, render }) {
  const store = createStore(show);
  const live = createLive({
    url: liveUrl(), onMessage: receive, onDrawn() {}, onLost: () => store.setLink('lost'), mayReturn: api.signedIn,
  });
  const header = createHeader(at('header'), {
    actions: null, version: main.dataset.version, onAligned: store.setAligned, page: name,
  });
  const banner = createBanner(at('banner'));

  /** @param {import('./views.js').View} view */
  function show(view) {
    document.body.classList.toggle('is-lost', view.link === 'lost');
    header.setState(view);
    banner.setState(view);
    render(view);
  }

  /** @param {any} message of the hub */
  function receive(message) {
    switch (message.type) {
      case 'hello': store.hello(message); break;
      case 'cameras': store.update(message.cameras); break;
      case 'gone': store.gone(message.camera); break;
      case 'status': store.setStatus(message); break;
      default: break;
    }
  }

  store.changed();
  live.open();
  return { view: store.view, now: live.now, store };
}
