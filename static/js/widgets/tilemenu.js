// What the three dots of a tile offer.

import { isAdmin, mayOperate } from '../lib/rights.js';
import { confirmLoss } from './menu.js';

const WHAT_GOES = 'Its name, its settings and its approval are deleted. '
  + 'If its agent is still running, the camera asks for approval again.';

/**
 * @param {object} parts
 * @param {import('../lib/types.js').CameraView} parts.camera
 * @param {boolean} parts.enlarged
 * @param {import('../lib/types.js').Option[]} parts.options that there are
 * @param {import('../lib/actions.js').Actions} parts.actions
 * @param {() => void} parts.toggleSize
 * @param {() => void} parts.rename
 * @param {() => void} parts.chooseObjects
 * @param {(asked: Promise<any>) => void} parts.tell  shows why the hub refused
 * @returns {import('./menu.js').Item[]}
 */
export function tileMenu({ camera, enlarged, options, actions, toggleSize, rename, chooseObjects, tell }) {
  const size = enlarged
    ? { label: 'Back to all cameras', icon: 'shrink' }
    : { label: 'Enlarge', icon: 'enlarge' };
  const objects = { name: 'objects', label: 'Object settings…', icon: 'objects', run: chooseObjects };
  const forget = async () => { if (await sure(camera)) tell(actions.forget(camera.id)); };
  const changes = [
    { name: 'rename', label: 'Rename', icon: 'rename', run: rename },
    ...(options.some(({ min_scores }) => min_scores) ? [objects] : []),
  ];
  return [
    { name: 'enlarge', ...size, run: toggleSize },
    ...(mayOperate() ? changes : []),
    { name: 'snapshot', label: 'Snapshot', icon: 'snapshot', href: actions.snapshotUrl(camera.id) },
    ...(isAdmin() ? [{ name: 'forget', label: 'Forget…', icon: 'forget', danger: true, run: forget }] : []),
  ];
}

/** @param {import('../lib/types.js').CameraView} camera */
const sure = ({ name }) => confirmLoss({ title: `Forget “${name}”?`, what: WHAT_GOES, yes: 'Forget this camera' });
