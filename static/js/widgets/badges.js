// What is on for a camera: a small sign for each option, and for privacy masks. Recognition has a badge of its own,
// with its word.

import { el, icon, keyed, setHidden } from '../lib/dom.js';
import { optionsOn } from '../lib/options.js';
import { ICONS } from '../lib/icons.js';

/** @typedef {{name: string, words: string}} Sign */

const MASKED_BY = {
  agent: '',
  hub: ': its agent cannot apply them, so the hub does, and the whole picture crosses the network',
  'hub-for-now': ': its agent is being told, and the hub applies them until then',
};

/** @param {NonNullable<import('../lib/types.js').CameraView['masked_by']>} by @returns {Sign} */
const privacy = (by) => ({ name: 'privacy', words: `Privacy masks on${MASKED_BY[by]}` });

export function createBadges() {
  const element = el('span', { class: 'tile-badges', 'data-testid': 'tile-badges' });
  const rows = new Map();

  /** @param {Sign} sign */
  const make = ({ name }) => (
    { element: el('span', { role: 'img', 'data-badge': name }, icon(name in ICONS ? name : 'option')) });

  /** @param {{element: HTMLElement}} row @param {Sign} sign */
  const update = (row, { words }) => {
    row.element.title = words;
    row.element.setAttribute('aria-label', words);
  };

  return {
    element,
    /**
     * @param {import('../lib/types.js').Option[]} options that there are
     * @param {import('../lib/types.js').CameraView} camera
     */
    setState(options, camera) {
      const on = optionsOn(options, camera).filter(({ identifies }) => !identifies)
        .map(({ name, label }) => ({ name, words: `${label} on` }));
      const signs = camera.masked_by ? [...on, privacy(camera.masked_by)] : on;
      keyed(element, signs, rows, { key: ({ name }) => name, make, update });
      setHidden(element, signs.length === 0);
    },
  };
}
