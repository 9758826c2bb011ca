// Where the words beside boxes stand: within the picture, and never on each other. Pure.
// convergecast/vision/drawing.py places those of snapshots by the same rule.

export const LABEL_HEIGHT = 17;
const APART = 3;

/** @typedef {{left: number, top: number, width: number}} Place */

/**
 * Above its box, else below it, else within it; left out where none of these is free. The first ones choose first.
 * @param {{box: number[], width: number}[]} labels  width of the words with their background
 * @param {{width: number, height: number, top: number}} area  the picture, and what of its upper edge is taken
 * @returns {(Place|null)[]} one for each label
 */
export function placeLabels(labels, area) {
  /** @type {Place[]} */
  const taken = [];
  return labels.map(({ box: [x1, y1, , y2], width }) => {
    if (width > area.width) return null;
    const left = Math.max(0, Math.min(x1 - 1, area.width - width));
    const within = Math.min(Math.max(y1, area.top) + APART + 1, area.height - LABEL_HEIGHT);
    const tops = [y1 - LABEL_HEIGHT - APART, y2 + APART, within]
      .filter((top) => top >= area.top && top + LABEL_HEIGHT <= area.height);
    const top = tops.find((each) => !taken.some((other) => overlap(other, { left, top: each, width })));
    if (top === undefined) return null;
    const place = { left, top, width };
    taken.push(place);
    return place;
  });
}

/**
 * @param {Place} one
 * @param {Place} other
 */
const overlap = (one, other) => (
  Math.abs(one.top - other.top) < LABEL_HEIGHT
  && one.left < other.left + other.width && other.left < one.left + one.width
);
