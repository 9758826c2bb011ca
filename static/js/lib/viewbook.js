// The account's views: loaded from the hub, changed on the page at once, and kept by the hub.

import { api, reason } from './api.js';
import { nameProblem, viewCalled, withView } from './viewlist.js';

/** @typedef {import('./types.js').ViewShown} ViewShown */
/** @typedef {ReturnType<typeof createViewBook>} ViewBook */

/**
 * @param {object} parts
 * @param {ReturnType<typeof import('./store.js').createStore>} parts.store
 * @param {(sentence: string) => void} parts.say
 * @param {(view: string|null) => void} parts.onGo  a view has got another name, or is there no more
 */
export function createViewBook({ store, say, onGo }) {
  // One after the other: what is sent is the whole list.
  /** @type {Promise<unknown>} */
  let line = Promise.resolve();
  let waiting = 0;

  const now = () => store.view().views ?? [];
  const order = () => store.view().inView.map(({ id }) => id);

  async function load() {
    if (waiting > 0) return;
    try {
      const { views } = await api.views();
      if (waiting === 0) store.setViews(views);
    } catch (error) {
      say(reason(error));
    }
  }

  /**
   * The page shows it at once. The hub is told of the change and not of the list, which another page may have changed.
   * @param {(views: ViewShown[]) => ViewShown[]} change
   */
  function alter(change) {
    store.setViews(change(now()));
    waiting += 1;
    line = line.then(() => keep(change));
    return line;
  }

  /** @param {(views: ViewShown[]) => ViewShown[]} change */
  async function keep(change) {
    try {
      const { views } = await api.views();
      const kept = await api.setViews(change(views).filter(({ own }) => own));
      if (waiting === 1) store.setViews(kept.views);
    } catch (error) {
      say(reason(error));
      const stored = await api.views().catch(() => null);
      if (stored && waiting === 1) store.setViews(stored.views);
    }
    waiting -= 1;
  }

  return {
    load,
    /**
     * Of the view that is shown. One that another account shares changes on this page only.
     * @param {Partial<Pick<ViewShown, 'columns'|'shape'|'cameras'>>} fields
     */
    change(fields) {
      const { viewName } = store.view();
      const view = viewCalled(now(), viewName);
      if (viewName !== null && !view) return;
      const cameras = order();
      if (view && !view.own) store.setViews(withView(now(), viewName, fields, cameras));
      else if (cameras.length > 0) alter((views) => withView(views, viewName, fields, cameras));
    },
    /**
     * The selected cameras, or those in view, under a new name.
     * @param {string} name @returns {string} why not; empty when it is done
     */
    add(name) {
      const problem = nameProblem(now(), name);
      if (problem) return problem;
      const { inView, selected, columns, shape } = store.view();
      const ids = inView.map(({ id }) => id).filter((id) => selected.size === 0 || selected.has(id));
      if (ids.length === 0) return 'There is no camera for a view yet.';
      alter((views) => withView(views, name, { columns, shape, cameras: ids }, ids));
      onGo(name);
      return '';
    },
    /** @param {string} old @param {string} name @returns {string} why not; empty when it is done */
    rename(old, name) {
      const problem = nameProblem(now().filter((view) => view.name !== old), name);
      if (problem) return problem;
      alter((views) => withView(views, old, { name }, []));
      onGo(name);
      return '';
    },
    /** @param {string} name @param {boolean} shared */
    share: (name, shared) => alter((views) => withView(views, name, { shared }, [])),
    /** @param {string} name */
    remove(name) {
      alter((views) => views.filter((view) => !(view.own && view.name === name)));
      onGo(null);
    },
  };
}
