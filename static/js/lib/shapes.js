// Zones, lines and masks while they are drawn: places are shares of the picture, from 0 to 1. Pure.

/** @typedef {[number, number]} Place */
/** @typedef {{kind: 'zone'|'line'|'mask', id?: string, name: string, mask: 'motion'|'objects'|'privacy',
 *   places: Place[], labels: string[]|null}} Shape */

/** @param {number} value */
const within = (value) => Math.min(1, Math.max(0, Math.round(value * 1000) / 1000));

/** @param {Place} place @returns {Place} */
export const inPicture = ([x, y]) => [within(x), within(y)];

/** @param {Shape['kind']} kind @param {number} number @returns {Shape} */
export function newShape(kind, number) {
  /** @type {Place[]} */
  const line = [[0.5, 0.85], [0.5, 0.15]];
  /** @type {Place[]} */
  const square = [[0.3, 0.3], [0.7, 0.3], [0.7, 0.7], [0.3, 0.7]];
  const name = `${kind === 'line' ? 'Line' : 'Zone'} ${number}`;
  return { kind, name, mask: 'motion', places: kind === 'line' ? line : square, labels: null };
}

/** @param {import('./types.js').CameraZones} stored @returns {Shape[]} */
export function shapesOf({ zones, lines, masks }) {
  return [
    ...zones.map(({ id, name, polygon, labels }) => (
      { kind: 'zone', id, name, places: polygon, labels, mask: 'motion' })),
    ...lines.map(({ id, name, from, to, labels }) => (
      { kind: 'line', id, name, places: [from, to], labels, mask: 'motion' })),
    ...masks.map(({ id, kind, polygon }) => (
      { kind: 'mask', id, name: '', places: polygon, labels: null, mask: kind })),
  ].map((shape) => /** @type {Shape} */ (/** @type {unknown} */ (shape)));
}

/** What the hub stores. @param {Shape[]} shapes */
export function zonesOf(shapes) {
  /** @param {Shape['kind']} kind */
  const of = (kind) => shapes.filter((shape) => shape.kind === kind);
  /** @param {Shape} shape */
  const known = ({ id }) => (id === undefined ? {} : { id });
  return {
    zones: of('zone').map((shape) => (
      { ...known(shape), name: shape.name, polygon: shape.places, labels: shape.labels })),
    lines: of('line').map((shape) => (
      { ...known(shape), name: shape.name, from: shape.places[0], to: shape.places[1], labels: shape.labels })),
    masks: of('mask').map((shape) => ({ ...known(shape), kind: shape.mask, polygon: shape.places })),
  };
}

/** The corners with one more, in the edge that is nearest to a place. @param {Place[]} places @param {Place} place */
export function withCorner(places, place) {
  const distances = places.map((from, index) => toEdge(place, from, places[(index + 1) % places.length]));
  const nearest = distances.indexOf(Math.min(...distances));
  return [...places.slice(0, nearest + 1), place, ...places.slice(nearest + 1)];
}

/** @param {Place} place @param {Place} from @param {Place} to */
function toEdge([x, y], [x1, y1], [x2, y2]) {
  const length = (x2 - x1) ** 2 + (y2 - y1) ** 2 || 1;
  const along = Math.min(1, Math.max(0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length));
  return Math.hypot(x - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1));
}

/**
 * The arrow across a line towards `in`: from its middle to its right, looking along it.
 * @param {Place[]} places @param {number} shape  of the picture, width / height
 * @returns {[Place, Place]}
 */
export function inArrow([[x1, y1], [x2, y2]], shape) {
  const [along, down] = [(x2 - x1) * shape, y2 - y1];
  const length = Math.hypot(along, down) || 1;
  /** @type {Place} */
  const middle = [(x1 + x2) / 2, (y1 + y2) / 2];
  return [middle, [middle[0] - (down / length) * 0.08 / shape, middle[1] + (along / length) * 0.08]];
}
