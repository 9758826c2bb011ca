// @ts-nocheck
// What the three dots of a tile offer.

import { confirmLoss } from './menu.js';

/** @returns {import('./menu.js').Item[]} */
export function tileMenu({ camera, enlarged, options, actions, toggleSize, rename, chooseObjects, tell }) {
  const objects = { name: 'objects', label: 'Objects…', icon: 'objects', run: chooseObjects };
  return [
    { name: 'enlarge', label: enlarged ? 'Back to all cameras' : 'Enlarge', icon: enlarged ? 'shrink' : 'enlarge', run: toggleSize },
    { name: 'rename', label: 'Rename', icon: 'rename', run: rename },
    ...(options.some(({ min_scores }) => min_scores) ? [objects] : []),
    { name: 'snapshot', label: 'Snapshot', icon: 'snapshot', href: actions.snapshotUrl(camera.id) },
    { name: 'forget', label: 'Forget…', icon: 'forget', danger: true, run: () => forget({ camera, actions, tell }) },
  ];
}

async function forget({ camera, actions, tell }) {
  const sure = await confirmLoss({
    title: `Forget “${camera.name}”?`,
    what: 'Its name, its settings and its approval go. If it is still running, it asks to be approved again.',
    yes: 'Forget this camera',
  });
  if (sure) tell(actions.forget(camera.id));
}
