// One family of icons: 20 px, strokes of 1.5 px, one path each.

/** @param {number} x @param {number} y @param {number} r */
const circle = (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
/** @param {number} x @param {number} y */
const dot = (x, y) => `M${x} ${y}v.01`;
const CORNERS = 'M3 6.5V5a2 2 0 0 1 2-2h1.5M13.5 3H15a2 2 0 0 1 2 2v1.5'
  + 'M17 13.5V15a2 2 0 0 1-2 2h-1.5M6.5 17H5a2 2 0 0 1-2-2v-1.5';
const EYES_AND_BROWS = [[7.3, 7], [12.7, 7], [5.4, 4.2], [7.7, 3.6], [12.3, 3.6], [14.6, 4.2]];
const NOSE_AND_MOUTH = [[10, 10], [8, 13], [12, 13], [10, 13.8]];
const POINTS = [...EYES_AND_BROWS, ...NOSE_AND_MOUTH].map(([x, y]) => dot(x, y)).join('');

/** @type {Object<string, string>} */
export const ICONS = {
  brand: `${circle(10, 10, 7.5)}${circle(10, 10, 3)}${circle(10, 10, 1.2)}`,
  faces: `${CORNERS}M7.8 7.8v.6M12.2 7.8v.6M7.2 12c1.6 1.6 4 1.6 5.6 0`,
  landmarks: `M4.5 6c0 7 2 11 5.5 11s5.5-4 5.5-11${POINTS}`,
  recognition: `${circle(8, 6.5, 3)}M2.5 16.5c0-3.2 2.3-5 5.5-5 1.3 0 2.5.3 3.4.9M12.3 15l1.9 1.9 3.5-3.8`,
  objects: 'M10 2.5l6.5 3.6v7.8L10 17.5l-6.5-3.6V6.1zM3.7 6.2L10 9.7l6.3-3.5M10 9.7v7.6',
  option: `${CORNERS}${circle(10, 10, 3)}`, // of one that has none of its own
  people: `${circle(7.5, 6.5, 2.8)}M2.2 16.5c0-3.2 2.1-5 5.3-5s5.3 1.8 5.3 5`
    + 'M13 3.9a2.8 2.8 0 0 1 0 5.2M14.6 11.9c2 .6 3.2 2.2 3.2 4.6',
  more: `${circle(4.5, 10, .6)}${circle(10, 10, .6)}${circle(15.5, 10, .6)}`,
  fullscreen: CORNERS,
  panel: 'M4.5 3.5h11A1.5 1.5 0 0 1 17 5v10a1.5 1.5 0 0 1-1.5 1.5h-11'
    + 'A1.5 1.5 0 0 1 3 15V5a1.5 1.5 0 0 1 1.5-1.5zM12.5 3.5v13',
  privacy: 'M2.5 10c2-3.3 4.5-5 7.5-5s5.5 1.7 7.5 5c-2 3.3-4.5 5-7.5 5s-5.5-1.7-7.5-5zM3.5 16.5l13-13',
  plus: 'M10 4v12M4 10h12',
  enlarge: 'M11.5 3.5h5v5M16.5 3.5L11.3 8.7M8.5 16.5h-5v-5M3.5 16.5l5.2-5.2',
  shrink: 'M16.5 8.5h-5v-5M11.5 8.5L17 3M3.5 11.5h5v5M8.5 11.5L3 17',
  rename: 'M12.6 4.2l3.2 3.2L7.2 16l-3.9.7.7-3.9z',
  snapshot: 'M3 7a1.5 1.5 0 0 1 1.5-1.5h2L7.8 3.5h4.4l1.3 2h2A1.5 1.5 0 0 1 17 7v7.5a1.5 1.5 0 0 1-1.5 1.5h-11'
    + `A1.5 1.5 0 0 1 3 14.5z${circle(10, 10.5, 2.8)}`,
  forget: 'M4 5.5h12M8 5.5V3.5h4v2M5.5 5.5l.7 11h7.6l.7-11M8.5 8.7v4.6M11.5 8.7v4.6',
  earlier: 'M16 10H4M9 5l-5 5 5 5',
  later: 'M4 10h12M11 5l5 5-5 5',
  down: 'M5.5 8l4.5 4.5L14.5 8',
  blank: '',
  back: 'M12 4.5L6.5 10l5.5 5.5',
  chevron: 'M5 12.5l5-5 5 5',
  cameras: 'M3 3.5h6v5.5H3zM11 3.5h6v5.5h-6zM3 11h6v5.5H3zM11 11h6v5.5h-6z',
  events: `${circle(10, 10, 7)}M10 6v4.2l2.8 1.8`,
  system: 'M2.5 10.5h3.2l2-5.5 4 10 2.2-6.5 1 2h2.6',
  settings: `${circle(7, 6, 2)}${circle(13, 14, 2)}M2.5 6H5M9 6h8.5M2.5 14H11M15 14h2.5`,
  account: `${circle(10, 6.8, 3.2)}M3.8 17c0-3.6 2.5-5.6 6.2-5.6s6.2 2 6.2 5.6`,
  copy: 'M7.5 7.5h8v9h-8zM12.5 7.5v-4h-8v9h3',
  check: 'M4.5 10.5l3.8 3.8 7.2-8',
  close: 'M5 5l10 10M15 5L5 15',
  signout: 'M8.5 3.5h-4v13h4M8 10h9M13.5 6.5L17 10l-3.5 3.5',
};
