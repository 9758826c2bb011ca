// What the three dots of a tile offer.

import { isAdmin, mayOperate } from '../lib/rights.js';
import { changeSource } from './networkcamera.js';

/**
 * @param {object} parts
 * @param {import('../lib/types.js').CameraView} parts.camera
 * @param {boolean} parts.enlarged
 * @param {import('../lib/types.js').Option[]} parts.options that there are
 * @param {import('../lib/actions.js').Actions} parts.actions
 * @param {HTMLElement} parts.tile
 * @param {() => void} parts.rename
 * @param {() => void} parts.chooseObjects
 * @param {(asked: Promise<any>) => void} parts.tell  shows why the hub refused
 * @returns {import('./menu.js').Item[]}
 */
export function tileMenu({ camera, enlarged, options, actions, tile, rename, chooseObjects, tell }) {
  const size = enlarged
    ? { label: 'Back to the wall', icon: 'shrink', run: () => actions.leave() }
    : { label: 'Open', icon: 'enlarge', run: () => actions.open(camera.id) };
  const objects = { name: 'objects', label: 'Object settings…', icon: 'objects', run: chooseObjects };
  const drawZones = () => tell(import('./zonedialog.js').then(({ openZones }) => openZones(camera)));
  const changes = [
    { name: 'rename', label: 'Rename', icon: 'rename', run: rename },
    ...(options.some(({ min_scores }) => min_scores) ? [objects] : []),
    { name: 'zones', label: 'Zones, lines, masks…', icon: 'fullscreen', run: drawZones },
  ];
  const places = [
    { name: 'earlier', label: 'Move earlier', icon: 'earlier', run: () => actions.shift(camera.id, -1) },
    { name: 'later', label: 'Move later', icon: 'later', run: () => actions.shift(camera.id, 1) },
  ];
  /** @param {boolean} annotated */
  const snapshot = (annotated) => tell(actions.snapshot(camera, annotated));
  const source = { name: 'source', label: 'Change source…', icon: 'rename', run: () => changeSource(camera, actions) };
  return [
    { name: 'enlarge', ...size },
    { name: 'full-screen', label: 'Full screen', icon: 'fullscreen', run: () => actions.fullScreen(tile) },
    ...(mayOperate() ? changes : []),
    ...(isAdmin() && camera.by_hub ? [source] : []),
    ...(enlarged ? [] : places),
    { name: 'snapshot', label: 'Snapshot', icon: 'snapshot', run: () => snapshot(false) },
    { name: 'annotated', label: 'Snapshot with boxes', icon: 'snapshot', run: () => snapshot(true) },
    ...(isAdmin() ? [{
      name: 'forget', label: 'Forget…', icon: 'forget', danger: true, run: () => actions.forget([camera]),
    }] : []),
  ];
}
