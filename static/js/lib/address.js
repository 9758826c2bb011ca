// What the address of the cameras' page says: a view, a camera, or all; and whether it is a wall to look at. Pure.

import { ROOT } from './root.js';

/**
 * @typedef {object} Place
 * @property {string|null} view  its name
 * @property {string|null} camera  its id
 * @property {number|null} kiosk  seconds for each view; 0: no other; null: no wall
 */

const KIOSK = 'kiosk';
const MOST_SECONDS = 3600;

/** @param {string} path @param {string} query @returns {Place} */
export function placeOf(path, query = '') {
  const [kind, word = ''] = path.slice(ROOT.length).split('/').slice(1);
  const name = decoded(word);
  const asked = new URLSearchParams(query).get(KIOSK);
  return {
    view: kind === 'view' && name ? name : null,
    camera: kind === 'camera' && name ? name : null,
    kiosk: asked === null ? null : Math.min(MOST_SECONDS, Math.max(0, Math.floor(Number(asked)) || 0)),
  };
}

/** @param {Partial<Place>} place */
export function addressOf({ view = null, camera = null, kiosk = null }) {
  const query = kiosk === null ? '' : `?${KIOSK}${kiosk > 0 ? `=${kiosk}` : ''}`;
  if (camera !== null) return `${ROOT}/camera/${encodeURIComponent(camera)}${query}`;
  return `${ROOT}/${view === null ? '' : `view/${encodeURIComponent(view)}`}${query}`;
}

/** @param {string} word */
function decoded(word) {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}
