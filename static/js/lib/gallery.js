// @ts-nocheck
// What the page Faces knows beside the cameras: settings, people, unknown faces, matches of today. Asked for anew after
// every change, and now and then.

import { api } from './api.js';

const EMPTY = { settings: null, people: null, unknown: [], sightings: [], distances: { genuine: [], impostor: [] }, trouble: '' };

/** @param {{now: () => number, onChange: () => void}} parts now: UNIX seconds, hub's clock */
export function createGallery({ now, onChange }) {
  /** @type {import('./views.js').GalleryState} */
  let state = EMPTY;
  let asked = 0;
  let saving = 0;
  let plotted = '';

  function take(fields) {
    state = { ...state, ...fields };
    onChange();
  }

  /** An answer that a later question has overtaken is not looked at. */
  async function refresh() {
    asked += 1;
    const mine = asked;
    try {
      const answers = await Promise.all([api.faceSettings(), api.people(), api.unknownFaces(), api.sightings(midnight(now()))]);
      if (mine !== asked) return;
      const [settings, { people }, { faces }, { sightings }] = answers;
      take({ ...(saving ? {} : { settings }), people, unknown: faces, sightings, trouble: '' });
      await loadDistances(people);
    } catch (error) {
      take({ trouble: error.message });
    }
  }

  /** Thousands of numbers, so only when the pictures are others. */
  async function loadDistances(people) {
    const pictures = JSON.stringify(people.map(({ id, pictures }) => [id, pictures.map((picture) => [picture.id, picture.used])]));
    if (pictures === plotted) return;
    plotted = pictures;
    const { genuine, impostor } = await api.distances();
    take({ distances: { genuine, impostor } });
  }

  /** Shows settings at once; what the hub refuses is put right. @param {Partial<import('./types.js').Settings>} fields */
  async function set(fields) {
    take({ settings: { ...state.settings, ...fields } });
    saving += 1;
    try {
      await api.setFaceSettings(fields);
    } finally {
      saving -= 1;
      await refresh();
    }
  }

  /** What a change answers comes back; its failure too, and then the page is as the hub says. @template T @param {Promise<T>} change */
  async function after(change) {
    try {
      return await change;
    } finally {
      await refresh();
    }
  }

  return {
    state: () => state,
    refresh,
    set,
    addPerson: (form) => after(api.addPerson(form)),
    addFaces: (id, form) => after(api.addFaces(id, form)),
    rename: (id, name) => after(api.renamePerson(id, name)),
    forget: (id) => after(api.forgetPerson(id)),
    removeFace: (id, face_id) => after(api.removeFace(id, face_id)),
    merge: (into, from) => after(api.mergePeople(into, from)),
    notThisPerson: (id, camera_id, track_id) => after(api.notThisPerson(id, camera_id, track_id)),
    /** @param {string[]} ids all of them: at once */
    dropUnknown(ids) {
      const all = ids.length === state.unknown.length;
      return after(all ? api.dropAllUnknown() : Promise.all(ids.map(api.dropUnknown)));
    },
    faceUrl: api.faceUrl,
    unknownUrl: api.unknownUrl,
  };
}

function midnight(now_s) {
  const day = new Date(now_s * 1000);
  return day.setHours(0, 0, 0, 0) / 1000;
}
