// @ts-nocheck
// What clicks do: the page shows it at once, the hub is asked, and a refusal puts it right with the reason.

import { api } from './api.js';
import { pressed } from './options.js';

const SELECT_FIRST = 'Please select a camera';

/**
 * @param {object} parts
 * @param {ReturnType<import('./store.js').createStore>} parts.store
 * @param {(sentence: string, more?: import('../widgets/aside.js').Notice) => void} parts.say  a line in the aside
 * @param {() => void} parts.pointAtCheckboxes
 */
export function createActions({ store, say, pointAtCheckboxes }) {
  // One after the other: two clicks must not overtake each other on their way to the hub.
  let line = Promise.resolve();

  function pressOption(name) {
    const view = store.view();
    const chosen = view.cameras.filter((camera) => view.selected.has(camera.id));
    if (chosen.length === 0) {
      say(SELECT_FIRST, { until: 'selected' });
      pointAtCheckboxes();
      return;
    }
    say('');
    const ids = chosen.map((camera) => camera.id);
    const on = pressed(chosen, name) !== 'true';
    const wish = store.wish(ids, name, on);
    line = line.then(() => askForOption(ids, name, on, wish));
  }

  async function askForOption(ids, name, on, wish) {
    try {
      const { cameras } = await api.setOption(ids, name, on);
      const refused = Object.entries(cameras).filter(([id, answer]) => takeAnswer(id, answer));
      if (refused.length) say(refusal(refused, ids.length), { page: refused[0][1].page });
    } catch (error) {
      say(error.message, { page: error.answer?.page });
    }
    store.settle(ids, name, wish);
  }

  /** @returns {boolean} whether the hub refused */
  function takeAnswer(id, answer) {
    if (answer.options) store.patch(id, { options: answer.options });
    return !answer.options;
  }

  /** What all of them are refused for is said once. */
  function refusal(refused, asked) {
    const [id, answer] = refused[0];
    if (asked > 1 && refused.length === asked && refused.every(([, { message }]) => message === answer.message)) return answer.message;
    const name = store.view().cameras.find((camera) => camera.id === id)?.name;
    const more = refused.length > 1 ? ` And ${refused.length - 1} more.` : '';
    return `${name ? `${name}: ` : ''}${answer.message ?? 'The hub refused.'}${more}`;
  }

  return {
    pressOption,
    select: store.select,
    selectAll: store.selectAll,
    setOnlySelected: store.setOnlySelected,
    setAsideHidden: store.setAsideHidden,
    enlarge: store.enlarge,
    /** These give a promise that fails with the hub's sentence; the widget shows it near the hand. */
    async rename(id, name) {
      store.patch(id, await api.change(id, { name }));
    },
    async forget(id) {
      await api.forget(id);
      store.gone(id);
    },
    async approve(id) {
      store.update([await api.change(id, { approved: true })]);
    },
    async reject(id) {
      await api.change(id, { approved: false });
      store.gone(id);
    },
    /**
     * The same for every camera that is named. Those that are refused have their old settings again.
     * @param {string[]} ids @param {Partial<import('./types.js').ObjectSettings>} objects
     */
    setObjects(ids, objects) {
      const undo = new Map(ids.map((id) => [id, store.patchObjects(id, objects)]));
      const asked = line.then(async () => {
        const refused = [];
        for (const id of ids) {
          try {
            store.update([await api.change(id, { objects })]);
          } catch (error) {
            undo.get(id)();
            refused.push([id, error]);
          }
        }
        if (refused.length) throw new Error(refusal(refused, ids.length));
      });
      line = asked.catch(() => {});
      return asked;
    },
    labels: async () => (await api.labels()).labels,
    rejected: async () => (await api.rejected()).cameras,
    agentCommand: api.agentCommand,
    snapshotUrl: api.snapshotUrl,
  };
}
