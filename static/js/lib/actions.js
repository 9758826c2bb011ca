// What clicks do: the page shows the change at once and asks the hub. After a refusal it shows the old state again, and
// the reason.

import { answerOf, api, reason } from './api.js';
import { pressed } from './options.js';

const SELECT_FIRST = 'Please select a camera';

/** @typedef {ReturnType<typeof createActions>} Actions */
/** @typedef {[id: string, answer: {message?: string, page?: string}]} Refused */

/**
 * @param {object} parts
 * @param {ReturnType<typeof import('./store.js').createStore>} parts.store
 * @param {(sentence: string, more?: import('../widgets/aside.js').Notice) => void} parts.say  a line in the aside
 * @param {() => void} parts.pointAtCheckboxes
 */
export function createActions({ store, say, pointAtCheckboxes }) {
  // One after the other: a later click must not overtake an earlier one on its way to the hub.
  /** @type {Promise<unknown>} */
  let line = Promise.resolve();

  /** @param {string} name */
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

  /** @param {string[]} ids @param {string} name @param {boolean} on @param {number} wish */
  async function askForOption(ids, name, on, wish) {
    try {
      const { cameras } = await api.setOption(ids, name, on);
      const refused = Object.entries(cameras).filter(([id, answer]) => takeAnswer(id, answer));
      if (refused.length) say(refusal(refused, ids.length), { page: refused[0][1].page });
    } catch (error) {
      say(reason(error), { page: answerOf(error).page });
    }
    store.settle(ids, name, wish);
  }

  /** @param {string} id @param {import('./types.js').OptionAnswer} answer @returns {boolean} whether the hub refused */
  function takeAnswer(id, answer) {
    if (answer.options) store.patch(id, { options: answer.options });
    return !answer.options;
  }

  /** A reason that all cameras share is said once. @param {Refused[]} refused @param {number} asked */
  function refusal(refused, asked) {
    const [id, answer] = refused[0];
    const words = answer.message ?? 'The hub refused.';
    const same = refused.every(([, { message }]) => message === answer.message);
    if (asked > 1 && refused.length === asked && same) return words;
    const name = store.view().cameras.find((camera) => camera.id === id)?.name;
    const more = refused.length > 1 ? ` And ${refused.length - 1} more.` : '';
    return `${name ? `${name}: ` : ''}${words}${more}`;
  }

  return {
    pressOption,
    select: store.select,
    selectAll: store.selectAll,
    setOnlySelected: store.setOnlySelected,
    setAsideHidden: store.setAsideHidden,
    enlarge: store.enlarge,
    // These return a promise that fails with the hub's sentence. The widget shows it beside the button.
    /** @param {string} id @param {string} name */
    async rename(id, name) {
      store.patch(id, await api.change(id, { name }));
    },
    /** @param {string} id */
    async forget(id) {
      await api.forget(id);
      store.gone(id);
    },
    /** @param {string} id */
    async approve(id) {
      store.update([await api.change(id, { approved: true })]);
    },
    /** @param {string} id */
    async reject(id) {
      await api.change(id, { approved: false });
      store.gone(id);
    },
    /**
     * The same for every named camera. Cameras that the hub refuses get their old settings back.
     * @param {string[]} ids @param {Partial<import('./types.js').ObjectSettings>} objects
     */
    setObjects(ids, objects) {
      const undo = new Map(ids.map((id) => [id, store.patchObjects(id, objects)]));
      const asked = line.then(async () => {
        /** @type {Refused[]} */
        const refused = [];
        for (const id of ids) {
          try {
            store.update([await api.change(id, { objects })]);
          } catch (error) {
            undo.get(id)?.();
            refused.push([id, { message: reason(error) }]);
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
