// Cameras on the network that answer by themselves (ONVIF), to choose one.

import { reason } from '../lib/api.js';
import { button, el, setAttr, setHidden, setText } from '../lib/dom.js';

const LOOKING = 'Looking for cameras, for 5 seconds at most…';
const NONE = 'No camera answers. Many can still be added by their address.';
const HINT = 'Choose a camera. With user and password filled in, look again: then its exact address is found too.';

/**
 * @param {object} parts
 * @param {() => Promise<import('../lib/types.js').FoundCameras>} parts.look  fails with the hub's sentence
 * @param {(source: string) => void} parts.choose
 */
export function createFoundCameras({ look, choose }) {
  const words = el('p', { class: 'quiet small', role: 'status', 'data-testid': 'found-words' });
  const list = el('ul', { class: 'found-list', 'data-testid': 'found-list', hidden: true });
  const again = button('Look for cameras', 'found-look', () => run());
  const element = el('div', { class: 'found-cameras' }, again, words, list);
  let turns = 0;

  async function run() {
    if (again.getAttribute('aria-disabled')) return;
    const turn = ++turns;
    setAttr(again, 'aria-disabled', true);
    setText(words, LOOKING);
    try {
      const { found, reason: why } = await look();
      if (turn === turns) show(found, why);
    } catch (error) {
      if (turn === turns) setText(words, reason(error));
    }
    if (turn === turns) setAttr(again, 'aria-disabled', null);
  }

  /** @param {import('../lib/types.js').FoundCamera[]} cameras @param {string|null} why  none were looked for */
  function show(cameras, why) {
    list.replaceChildren(...cameras.map(({ name, address, source }) => el('li', {},
      button(name ? `${name} (${address})` : address, 'found-camera', () => choose(source), 'link'))));
    setHidden(list, cameras.length === 0);
    setText(words, why ?? (cameras.length ? HINT : NONE));
  }

  return {
    element,
    clear() {
      turns += 1;
      setAttr(again, 'aria-disabled', null);
      list.replaceChildren();
      setHidden(list, true);
      setText(words, '');
    },
  };
}
