// The pages of this hub, by the names that the hub uses.

import { ROOT } from './root.js';

export const PAGES = [
  { name: 'cameras', label: 'Cameras', href: `${ROOT}/`, admin: false },
  { name: 'faces', label: 'Faces', href: `${ROOT}/faces`, admin: true },
];
