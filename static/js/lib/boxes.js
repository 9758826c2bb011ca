// Boxes `[x1, y1, x2, y2]` and what lies in them. Pure.

/** @typedef {[number, number, number, number]} Box */
/** @typedef {[number, number]} Point */

/**
 * Between two boxes or points: `share` 0 is the first, 1 the second.
 * @template {number[]} T
 * @param {T} one
 * @param {T} other
 * @param {number} share
 */
export const mixed = (one, other, share) => /** @type {T} */ (
  one.map((value, index) => value + (other[index] - value) * share)
);

/**
 * @param {Box} box
 * @param {[number, number]|null} velocity  in pixels a second; null: it stays
 * @param {number} time_s
 * @returns {Box}
 */
export function shifted([x1, y1, x2, y2], velocity, time_s) {
  const [right, down] = (velocity ?? [0, 0]).map((speed) => speed * time_s);
  return [x1 + right, y1 + down, x2 + right, y2 + down];
}

/**
 * Where a point of a box is when the box is elsewhere.
 * @param {Point} point
 * @param {Box} from
 * @param {Box} to
 * @returns {Point}
 */
export function carried([x, y], from, to) {
  const along = (/** @type {number} */ value, /** @type {0|1} */ axis) => (
    to[axis] + ((value - from[axis]) * (to[axis + 2] - to[axis])) / Math.max(from[axis + 2] - from[axis], 1)
  );
  return [along(x, 0), along(y, 1)];
}

/**
 * Between the middles of two boxes.
 * @param {Box} one
 * @param {Box} other
 */
export const distance = (one, other) => (
  Math.hypot(one[0] + one[2] - other[0] - other[2], one[1] + one[3] - other[1] - other[3]) / 2
);

/**
 * Of what two boxes cover, the share that both cover.
 * @param {Box} one
 * @param {Box} other
 */
export function overlap(one, other) {
  const side = (/** @type {0|1} */ axis) => (
    Math.max(0, Math.min(one[axis + 2], other[axis + 2]) - Math.max(one[axis], other[axis]))
  );
  const both = side(0) * side(1);
  return both / Math.max(area(one) + area(other) - both, 1);
}

/** @param {Box} box */
const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);
