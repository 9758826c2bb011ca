// What the page Faces knows beside the cameras: settings, people, unknown faces, today's matches. It asks the hub again
// after every change, and now and then.

import { api } from './api.js';
import { createRefresher } from './refresher.js';

const MOST_LOOKS = 500;

/** @typedef {ReturnType<typeof createGallery>} Gallery */

/** @type {import('./views.js').GalleryState} */
const EMPTY = {
  settings: null, people: null, unknown: [], sightings: [], distances: { genuine: [], impostor: [] }, trouble: '',
};

/** @param {{now: () => number, onChange: () => void}} parts now: UNIX seconds, hub's clock */
export function createGallery({ now, onChange }) {
  let state = EMPTY;
  let saving = 0;
  let plotted = '';

  /** @param {Partial<import('./views.js').GalleryState>} fields */
  function take(fields) {
    state = { ...state, ...fields };
    onChange();
  }

  async function ask() {
    const today = api.sightings(midnight(now()));
    return Promise.all([api.faceSettings(), api.people(), api.unknownFaces(), today]);
  }

  const { refresh, after } = createRefresher({
    ask,
    async take([settings, { people }, { faces }, { sightings }]) {
      take({ ...(saving ? {} : { settings }), people, unknown: faces, sightings, trouble: '' });
      await loadDistances(people);
    },
    fail: (trouble) => take({ trouble }),
  });

  /** Thousands of numbers, so only when the pictures have changed. @param {import('./types.js').Person[]} people */
  async function loadDistances(people) {
    const used = people.map(({ id, pictures }) => [id, pictures.map((picture) => [picture.id, picture.used])]);
    if (JSON.stringify(used) === plotted) return;
    plotted = JSON.stringify(used);
    const { genuine, impostor } = await api.distances();
    take({ distances: { genuine, impostor } });
  }

  /**
   * Shows settings at once. What the hub refuses is put right afterwards.
   * @param {Partial<import('./types.js').Settings>} fields
   */
  async function set(fields) {
    if (state.settings) take({ settings: { ...state.settings, ...fields } });
    saving += 1;
    try {
      await api.setFaceSettings(fields);
    } finally {
      saving -= 1;
      await refresh();
    }
  }

  return {
    state: () => state,
    refresh,
    set,
    /** @param {FormData} form */
    addPerson: (form) => after(api.addPerson(form)),
    /** @param {string} id @param {FormData} form */
    addFaces: (id, form) => after(api.addFaces(id, form)),
    /** @param {string} id @param {string} name */
    rename: (id, name) => after(api.renamePerson(id, name)),
    /** @param {string} id @param {boolean} clips  whether clips that show the person go too */
    forget: (id, clips) => after(api.forgetPerson(id, clips)),
    /** The newest looks at a person's face that are recorded, and whether those are all. @param {string} id */
    async clipsOf(id) {
      const { events } = await api.events({ person: id, subkind: 'known', limit: `${MOST_LOOKS}` });
      return { clips: events.filter(({ clip }) => clip !== null), isAll: events.length < MOST_LOOKS };
    },
    eventUrl: api.eventUrl,
    /** @param {string} id @param {string} face_id */
    removeFace: (id, face_id) => after(api.removeFace(id, face_id)),
    /** @param {string} into the id that stays @param {string} from the id that goes */
    merge: (into, from) => after(api.mergePeople(into, from)),
    /** @param {string} id @param {string} camera_id @param {number|null} track_id */
    notThisPerson: (id, camera_id, track_id) => after(api.notThisPerson(id, camera_id, track_id)),
    /** If all are named, one request deletes all. @param {string[]} ids */
    dropUnknown(ids) {
      const all = ids.length === state.unknown.length;
      return after(all ? api.dropAllUnknown() : Promise.all(ids.map(api.dropUnknown)));
    },
    faceUrl: api.faceUrl,
    unknownUrl: api.unknownUrl,
  };
}

/** @param {number} now_s */
function midnight(now_s) {
  const day = new Date(now_s * 1000);
  return day.setHours(0, 0, 0, 0) / 1000;
}
