// What is on for a camera: a small sign for each option. Recognition has a badge of its own, with its word.

import { el, icon, keyed, setHidden } from '../lib/dom.js';
import { optionsOn } from '../lib/options.js';
import { ICONS } from '../lib/icons.js';

export function createBadges() {
  const element = el('span', { class: 'tile-badges', 'data-testid': 'tile-badges' });
  const rows = new Map();

  /** @param {import('../lib/types.js').Option} option */
  const make = ({ name, label }) => {
    const words = { title: `${label} on`, 'aria-label': `${label} on`, 'data-badge': name };
    return { element: el('span', { role: 'img', ...words }, icon(name in ICONS ? name : 'option')) };
  };

  return {
    element,
    /**
     * @param {import('../lib/types.js').Option[]} options that there are
     * @param {import('../lib/types.js').CameraView} camera
     */
    setState(options, camera) {
      const on = optionsOn(options, camera).filter(({ identifies }) => !identifies);
      keyed(element, on, rows, { key: ({ name }) => name, make, update: () => {} });
      setHidden(element, on.length === 0);
    },
  };
}
