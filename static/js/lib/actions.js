// What clicks do: the page shows the change at once and asks the hub. After a refusal it shows the old state again, and
// the reason.

import { answerOf, api, reason } from './api.js';
import { fileName, saveFile } from './files.js';
import { pressed } from './options.js';
import { moved, shifted } from './order.js';

const SELECT_FIRST = 'Please select a camera';
/** What forgetting deletes, and what comes back. @param {Pick<import('./types.js').CameraView, 'by_hub'>[]} cameras */
export function whatGoes(cameras) {
  const gone = cameras.length === 1
    ? 'Its name, settings, approval, counts, events and clips are deleted, kept ones too.'
    : 'Their names, settings, approvals, counts, events and clips are deleted, kept ones too.';
  const agents = cameras.filter(({ by_hub }) => !by_hub).length;
  if (!agents) return gone;
  return `${gone} ${agents === 1 ? 'A running agent asks' : 'Running agents ask'} for approval again.`;
}

/** @typedef {ReturnType<typeof createActions>} Actions */
/** @typedef {[id: string, answer: {message?: string, page?: string}]} Refused */

/**
 * @param {object} parts
 * @param {ReturnType<typeof import('./store.js').createStore>} parts.store
 * @param {(sentence: string, more?: import('../widgets/aside.js').Notice) => void} parts.say  a line in the aside
 * @param {() => void} parts.pointAtCheckboxes
 * @param {import('./viewbook.js').ViewBook} parts.book
 * @param {(camera: string|null) => void} parts.go  opens a camera; null: back to where it was opened
 * @param {import('./forgetting.js').Forgetting} parts.forgetting
 * @param {(words: {title: string, what: string, yes: string}) => Promise<boolean>} parts.confirmLoss  asks once
 */
export function createActions({ store, say, pointAtCheckboxes, book, go, forgetting, confirmLoss }) {
  // One after the other: a later click must not overtake an earlier one on its way to the hub.
  /** @type {Promise<unknown>} */
  let line = Promise.resolve();

  /** @param {string} name */
  function pressOption(name) {
    const view = store.view();
    const { chosen } = view;
    if (chosen.length === 0) {
      say(SELECT_FIRST, { until: (now) => now.chosen.length > 0 });
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
      const until = isOver(ids, name, on);
      if (refused.length) say(refusal(refused, ids.length), { page: refused[0][1].page, until });
    } catch (error) {
      say(reason(error), { page: answerOf(error).page, until: isOver(ids, name, on) });
    }
    store.settle(ids, name, wish);
  }

  /**
   * A refusal is past when it is done all the same, or other cameras are chosen, or the hub is here again.
   * @param {string[]} ids @param {string} name @param {boolean} on
   * @returns {(view: import('./views.js').View) => boolean}
   */
  function isOver(ids, name, on) {
    let wasLost = false;
    return ({ chosen, link }) => {
      wasLost ||= link !== 'live';
      const same = chosen.map(({ id }) => id).join() === ids.join();
      return !same || pressed(chosen, name) === String(on) || (wasLost && link === 'live');
    };
  }

  /** Asks once, naming what goes. @param {import('./types.js').CameraView[]} cameras */
  async function forget(cameras) {
    const [{ name }] = cameras;
    const one = { title: `Forget “${name}”?`, what: whatGoes(cameras), yes: 'Forget this camera' };
    const many = {
      title: `Forget ${cameras.length} cameras?`, yes: `Forget ${cameras.length} cameras`,
      what: `${cameras.map((camera) => camera.name).join(', ')}. ${whatGoes(cameras)}`,
    };
    if (await confirmLoss(cameras.length === 1 ? one : many)) forgetting.begin(cameras);
  }

  /** @param {string[]} order */
  const setOrder = (order) => book.change({ cameras: order });
  const order = () => store.view().inView.map(({ id }) => id);

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
    selectOnly: store.selectOnly,
    setLayers: store.setLayers,
    book,
    /** @param {string} id */
    open: (id) => go(id),
    leave: () => go(null),
    forget,
    /** @param {string} id @param {string} beside @param {boolean} after */
    move: (id, beside, after) => setOrder(moved(order(), id, beside, after)),
    /** @param {string} id @param {number} by places */
    shift: (id, by) => setOrder(shifted(order(), id, by)),
    /** @param {Element|null} tile  null: the page */
    fullScreen(tile) {
      const element = tile ?? document.documentElement;
      const done = document.fullscreenElement ? document.exitFullscreen() : element.requestFullscreen();
      done.catch(() => {});
    },
    /** @param {Pick<import('./types.js').CameraView, 'id'|'name'>} camera @param {boolean} annotated */
    async snapshot({ id, name }, annotated) {
      saveFile(await api.snapshot(id, annotated), fileName(name, new Date(), annotated));
    },
    // These return a promise that fails with the hub's sentence. The widget shows it beside the button.
    /** @param {string} id @param {string} name */
    async rename(id, name) {
      store.patch(id, await api.change(id, { name }));
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
    async refreshPending() {
      const { cameras } = await api.cameras().catch(() => ({ cameras: [] }));
      store.update(cameras.filter(({ state }) => state === 'pending'));
    },
    labels: async () => (await api.labels()).labels,
    rejected: async () => (await api.rejected()).cameras,
    agentCommand: api.agentCommand,
    discover: api.discover,
    snapshotUrl: api.snapshotUrl,
    /** @param {{source: string, keep: boolean}} fields */
    async addCamera(fields) {
      const camera = await api.addCamera(fields);
      store.update([camera]);
      return camera;
    },
    /** @param {string} id @param {{source: string, keep: boolean}} fields */
    async changeSource(id, fields) {
      const camera = await api.change(id, fields);
      store.update([camera]);
      return camera;
    },
  };
}
