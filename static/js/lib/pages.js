// The pages of this hub, by the names that the hub uses.

import { ROOT } from './root.js';

/** @typedef {'cameras'|'events'|'faces'|'system'|'settings'|'accounts'} PageName */
/** @typedef {{name: PageName, label: string, href: string, admin: boolean, icon?: string}} PageLink */

/** @type {PageLink[]} icon: on a phone, instead of the label */
export const PAGES = [
  { name: 'cameras', label: 'Cameras', href: `${ROOT}/`, admin: false, icon: 'cameras' },
  { name: 'events', label: 'Events', href: `${ROOT}/events`, admin: false, icon: 'events' },
  { name: 'faces', label: 'Faces', href: `${ROOT}/faces`, admin: true, icon: 'faces' },
  { name: 'system', label: 'System', href: `${ROOT}/system`, admin: true, icon: 'system' },
  { name: 'settings', label: 'Settings', href: `${ROOT}/settings`, admin: true, icon: 'settings' },
  { name: 'accounts', label: 'Accounts', href: `${ROOT}/accounts`, admin: false, icon: 'account' },
];
