// What a page beside the wall has in common with the others: the header, the banner, and the hub's news.

import { api } from './api.js';
import { at } from './dom.js';
import { createLive } from './live.js';
import { liveUrl } from './root.js';
import { createStore } from './store.js';
import { createBanner } from '../widgets/banner.js';
import { createHeader } from '../widgets/header.js';

const nothing = () => {};

/**
 * @param {object} parts
 * @param {HTMLElement} parts.main
 * @param {import('./pages.js').PageName} parts.name
 * @param {(view: import('./views.js').View, now_s: number) => void} parts.render
 * @param {() => void} [parts.onBack]  the hub answers again: what it told meanwhile was missed
 * @param {() => void} [parts.onGone]  a camera is forgotten
 * @param {(message: any) => void} [parts.onEvent]  an event is new or has changed
 */
export function createPage({ main, name, render, onBack = nothing, onGone = nothing, onEvent = nothing }) {
  const store = createStore(show);
  const live = createLive({
    url: liveUrl(), onMessage: receive, onDrawn() {}, onLink: store.setLink, mayReturn: api.signedIn,
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
    render(view, live.now());
  }

  /** @param {import('./types.js').Hello} message */
  function greet(message) {
    if (store.view().link === 'lost') onBack();
    store.hello(message);
  }

  /** @param {any} message of the hub */
  function receive(message) {
    switch (message.type) {
      case 'hello': greet(message); break;
      case 'cameras': store.update(message.cameras); break;
      case 'gone': store.gone(message.camera); onGone(); break;
      case 'status': store.setStatus(message); break;
      case 'event': onEvent(message); break;
      case 'error': console.warn(`The hub did not understand this page: ${message.message}`); break;
      default: break;
    }
  }

  store.changed();
  live.open();
  return { view: store.view, now: live.now, store };
}
