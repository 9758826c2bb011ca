// @ts-nocheck
// What the page knows: the hub's state, the user's selection, and clicks the hub has not answered yet.

import { recall, remember } from './memory.js';
import { offered } from './options.js';

const byAge = (one, other) => (one.registered_at ?? 0) - (other.registered_at ?? 0) || (one.id < other.id ? -1 : 1);

/** @param {(view: import('./views.js').View) => void} onChange  called once for any number of changes in a row */
export function createStore(onChange) {
  /** @type {Map<string, import('./types.js').CameraView>} */
  const cameras = new Map();
  /** @type {Map<string, {on: boolean, number: number}>} "camera option" → what the user asked for last */
  const wishes = new Map();
  let wished = 0;
  const selected = new Set([].concat(recall('selected', [])));
  let own = { onlySelected: recall('onlySelected', false) === true, asideHidden: recall('asideHidden', false) === true, enlarged: null };
  let hub = { link: 'connecting', status: null, options: [] };
  let scheduled = false;

  function changed() {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => { scheduled = false; onChange(view()); });
  }

  function view() {
    const all = [...cameras.values()].sort(byAge).map(withWishes);
    const approved = all.filter((camera) => camera.state !== 'pending');
    const shown = new Set(approved.filter((camera) => selected.has(camera.id)).map((camera) => camera.id));
    const enlarged = approved.some((camera) => camera.id === own.enlarged) ? own.enlarged : null;
    return { ...hub, ...own, enlarged, cameras: approved, pending: all.filter((camera) => camera.state === 'pending'), selected: shown };
  }

  function withWishes(camera) {
    const options = new Set(camera.options ?? []);
    for (const { name } of hub.options) {
      const wish = wishes.get(`${camera.id} ${name}`);
      if (wish !== undefined) options[wish.on ? 'add' : 'delete'](name);
    }
    return { ...camera, options: [...options] };
  }

  function patch(id, fields) {
    if (cameras.has(id)) cameras.set(id, { ...cameras.get(id), ...fields });
    changed();
  }

  function keepSelection() {
    remember('selected', [...selected]);
    changed();
  }

  return {
    changed,
    view,
    hello(message) {
      cameras.clear();
      message.cameras.forEach((camera) => cameras.set(camera.id, camera));
      hub = { link: 'live', status: message.status, options: offered(message.options) };
      changed();
    },
    /** @param {import('./types.js').CameraView[]} list whole objects */
    update(list) {
      list.forEach((camera) => cameras.set(camera.id, camera));
      changed();
    },
    patch,
    /**
     * @param {Partial<import('./types.js').ObjectSettings>} objects
     * @returns {() => void} takes it back, but for what was changed again since
     */
    patchObjects(id, objects) {
      const old = cameras.get(id)?.objects ?? {};
      patch(id, { objects: { ...old, ...objects } });
      return () => {
        const now = cameras.get(id)?.objects ?? {};
        const ours = Object.keys(objects).filter((key) => now[key] === objects[key] && key in old);
        patch(id, { objects: { ...now, ...Object.fromEntries(ours.map((key) => [key, old[key]])) } });
      };
    },
    gone(id) {
      cameras.delete(id);
      selected.delete(id);
      keepSelection();
    },
    setStatus({ type, ...status }) {
      hub = { ...hub, status };
      changed();
    },
    setLink(link) {
      hub = { ...hub, link };
      changed();
    },
    /** @returns {number} of this wish */
    wish(ids, option, on) {
      wished += 1;
      ids.forEach((id) => wishes.set(`${id} ${option}`, { on, number: wished }));
      changed();
      return wished;
    },
    /** The hub has answered, unless the user has asked for something else since. */
    settle(ids, option, number) {
      ids.forEach((id) => { if (wishes.get(`${id} ${option}`)?.number === number) wishes.delete(`${id} ${option}`); });
      changed();
    },
    select(id, on) {
      selected[on ? 'add' : 'delete'](id);
      keepSelection();
    },
    selectAll(on) {
      selected.clear();
      if (on) view().cameras.forEach((camera) => selected.add(camera.id));
      keepSelection();
    },
    setOnlySelected(on) {
      own = { ...own, onlySelected: on };
      remember('onlySelected', on);
      changed();
    },
    setAsideHidden(on) {
      own = { ...own, asideHidden: on };
      remember('asideHidden', on);
      changed();
    },
    enlarge(id) {
      own = { ...own, enlarged: id };
      changed();
    },
  };
}
