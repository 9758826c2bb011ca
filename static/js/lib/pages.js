// The pages of this hub, by the names that the hub uses.

export const PAGES = [
  { name: 'cameras', label: 'Cameras', href: '/' },
  { name: 'faces', label: 'Faces', href: '/faces' },
];
