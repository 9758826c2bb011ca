// The pages of this hub, by the names that the hub uses.

import { ROOT } from './root.js';

/** @typedef {{name: string, label: string, href: string, admin: boolean, icon?: string}} PageLink */

/** @type {PageLink[]} icon: on a phone, instead of the label */
export const PAGES = [
  { name: 'cameras', label: 'Cameras', href: `${ROOT}/`, admin: false },
  { name: 'events', label: 'Events', href: `${ROOT}/events`, admin: false },
  { name: 'faces', label: 'Faces', href: `${ROOT}/faces`, admin: true },
  { name: 'accounts', label: 'Accounts', href: `${ROOT}/accounts`, admin: false, icon: 'account' },
];
