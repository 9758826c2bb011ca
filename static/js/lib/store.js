// What the page knows: the hub's state, the user's selection, and clicks the hub has not answered yet.

import { recall, remember } from './memory.js';
import { offered } from './options.js';
import { camerasOf, viewCalled } from './viewlist.js';

/** @typedef {import('./types.js').CameraView} CameraView */

/** @param {CameraView} one @param {CameraView} other */
const byAge = (one, other) => (one.registered_at ?? 0) - (other.registered_at ?? 0) || (one.id < other.id ? -1 : 1);

/** @param {(view: import('./views.js').View) => void} onChange  called once for any number of changes in a row */
export function createStore(onChange) {
  /** @type {Map<string, import('./types.js').CameraView>} */
  const cameras = new Map();
  /** @type {Map<string, {on: boolean, number: number}>} "camera option" → what the user asked for last */
  const wishes = new Map();
  let wished = 0;
  /** @type {Set<string>} */
  const selected = new Set([recall('selected', [])].flat().filter((id) => typeof id === 'string'));
  /** @type {Pick<import('./views.js').View, 'onlySelected'|'asideHidden'|'aligned'|'layers'|'views'|'viewName'>} */
  let own = {
    onlySelected: recall('onlySelected', false) === true,
    asideHidden: recall('asideHidden', false) === true,
    aligned: recall('aligned', true) !== false,
    layers: { boxes: true, points: true, names: true, ...Object(recall('layers', {})) },
    views: null,
    viewName: null,
  };
  /** @type {Set<string>} not shown, because the viewer is forgetting them */
  const forgotten = new Set();
  /** @type {string|null} the camera that is open */
  let opened = null;
  /** @type {Pick<import('./views.js').View, 'link'|'status'|'options'|'holdBack_s'>} */
  let hub = { link: 'connecting', status: null, options: [], holdBack_s: 0 };
  let scheduled = false;

  function changed() {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => { scheduled = false; onChange(view()); });
  }

  /** @returns {import('./views.js').View} */
  function view() {
    const all = [...cameras.values()].filter(({ id }) => !forgotten.has(id)).sort(byAge).map(withWishes);
    const approved = all.filter((camera) => camera.state !== 'pending');
    const enlarged = approved.some((camera) => camera.id === opened) ? opened : null;
    const pending = all.filter((camera) => camera.state === 'pending');
    const views = own.views ?? [];
    const inView = camerasOf(approved, views, own.viewName);
    const layout = viewCalled(views, own.viewName);
    const marked = inView.filter((camera) => selected.has(camera.id));
    return {
      ...hub,
      ...own,
      opened,
      enlarged,
      cameras: approved,
      pending,
      inView,
      selected: new Set(marked.map((camera) => camera.id)),
      chosen: enlarged === null ? marked : approved.filter((camera) => camera.id === enlarged),
      columns: layout?.columns ?? null,
      shape: layout?.shape ?? null,
    };
  }

  /** @param {CameraView} camera @returns {CameraView} */
  function withWishes(camera) {
    /** @type {Set<any>} of names; the hub may have options that this page does not know */
    const options = new Set(camera.options ?? []);
    for (const { name } of hub.options) {
      const wish = wishes.get(`${camera.id} ${name}`);
      if (wish !== undefined) options[wish.on ? 'add' : 'delete'](name);
    }
    return { ...camera, options: [...options] };
  }

  /** @param {string} id @param {Partial<CameraView>} fields */
  function patch(id, fields) {
    const old = cameras.get(id);
    if (old) cameras.set(id, { ...old, ...fields });
    changed();
  }

  function keepSelection() {
    remember('selected', [...selected]);
    changed();
  }

  return {
    changed,
    view,
    /** @param {import('./types.js').Hello} message */
    hello(message) {
      cameras.clear();
      message.cameras.forEach((camera) => cameras.set(camera.id, camera));
      hub = {
        link: 'live', status: message.status, options: offered(message.options), holdBack_s: message.hold_back_s,
      };
      changed();
    },
    /** @param {import('./types.js').CameraView[]} list whole objects */
    update(list) {
      list.forEach((camera) => cameras.set(camera.id, camera));
      changed();
    },
    patch,
    /**
     * @param {string} id
     * @param {Partial<import('./types.js').ObjectSettings>} objects
     * @returns {() => void} takes it back, but for what was changed again since
     */
    patchObjects(id, objects) {
      const old = cameras.get(id)?.objects;
      if (!old) return () => {};
      patch(id, { objects: { ...old, ...objects } });
      const keys = /** @type {(keyof typeof old)[]} */ (Object.keys(objects));
      return () => {
        const now = cameras.get(id)?.objects;
        if (!now) return;
        const ours = keys.filter((key) => now[key] === objects[key]);
        patch(id, { objects: { ...now, ...Object.fromEntries(ours.map((key) => [key, old[key]])) } });
      };
    },
    /** @param {string} id */
    gone(id) {
      cameras.delete(id);
      forgotten.delete(id);
      selected.delete(id);
      keepSelection();
    },
    /** @param {import('./types.js').StatusChanged} message */
    setStatus(message) {
      hub = { ...hub, status: message };
      changed();
    },
    /** @param {import('./views.js').Link} link */
    setLink(link) {
      hub = { ...hub, link };
      changed();
    },
    /** @param {string[]} ids @param {string} option @param {boolean} on @returns {number} of this wish */
    wish(ids, option, on) {
      wished += 1;
      ids.forEach((id) => wishes.set(`${id} ${option}`, { on, number: wished }));
      changed();
      return wished;
    },
    /**
     * The hub has answered, unless the user has asked for something else since.
     * @param {string[]} ids @param {string} option @param {number} number of the wish
     */
    settle(ids, option, number) {
      const done = ids.map((id) => `${id} ${option}`).filter((wish) => wishes.get(wish)?.number === number);
      done.forEach((wish) => wishes.delete(wish));
      changed();
    },
    /** @param {string} id @param {boolean} on */
    select(id, on) {
      selected[on ? 'add' : 'delete'](id);
      keepSelection();
    },
    /** @param {boolean} on */
    selectAll(on) {
      selected.clear();
      if (on) view().inView.forEach((camera) => selected.add(camera.id));
      keepSelection();
    },
    /** These and no others. @param {string[]} ids */
    selectOnly(ids) {
      selected.clear();
      ids.forEach((id) => selected.add(id));
      keepSelection();
    },
    /** @param {boolean} on */
    setOnlySelected(on) {
      own = { ...own, onlySelected: on };
      remember('onlySelected', on);
      changed();
    },
    /** @param {boolean} on */
    setAsideHidden(on) {
      own = { ...own, asideHidden: on };
      remember('asideHidden', on);
      changed();
    },
    /** @param {boolean} on */
    setAligned(on) {
      own = { ...own, aligned: on };
      remember('aligned', on);
      changed();
    },
    /** The camera that the address names, and the view. @param {{camera: string|null, view: string|null}} place */
    goTo({ camera, view: name }) {
      opened = camera;
      own = { ...own, viewName: name };
      changed();
    },
    /** @param {string} id @param {boolean} on */
    setForgotten(id, on) {
      forgotten[on ? 'add' : 'delete'](id);
      changed();
    },
    /** @param {import('./types.js').ViewShown[]} views */
    setViews(views) {
      own = { ...own, views };
      changed();
    },
    /** @param {import('./views.js').Layers} layers */
    setLayers(layers) {
      own = { ...own, layers };
      remember('layers', layers);
      changed();
    },
  };
}
