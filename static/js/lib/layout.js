// How the wall is laid out: uniform cells, as many columns as fill the window best, or as many as were chosen.

export const GAP = 8;
/** Below this width the page is a phone's. */
const NARROW = 600;
const SMALLEST = 200;
const MOST_ON_PHONE = 2;
export const USUAL_SHAPE = 16 / 9;

/** The shapes of cells that a viewer can choose, width / height. */
export const SHAPES = [
  { label: '16:9', shape: 16 / 9 }, { label: '4:3', shape: 4 / 3 }, { label: '1:1', shape: 1 },
  { label: '9:16', shape: 9 / 16 },
];
/** Numbers of columns that a viewer can choose; null: as fill the window best. */
export const COLUMNS = [null, 1, 2, 3, 4, 5, 6];

/**
 * @typedef {object} Room  in CSS pixels
 * @property {number} count  of cells
 * @property {number} width
 * @property {number} height
 * @property {number} shape  of a cell, width / height
 *
 * @typedef {{columns: number, cellWidth: number, cellHeight: number}} Cells
 */

/**
 * No cell is larger than the window, but on a phone, where the wall scrolls. A wall of chosen columns, or of many
 * cells, may be higher than the window, and scrolls too.
 * @param {Room & {columns: number|null}} room  columns: null: as fill the window best
 * @returns {Cells}
 */
export function chooseLayout({ columns, ...room }) {
  const { count, width } = room;
  if (count === 0 || width <= 0) return { columns: 1, cellWidth: 0, cellHeight: 0 };
  if (width < NARROW) {
    // Its bar at the bottom opens over the wall, which must not change its size for that.
    const wanted = columns ?? (count > 3 ? MOST_ON_PHONE : 1);
    return byWidth(Math.min(wanted, MOST_ON_PHONE), { ...room, height: Infinity });
  }
  if (columns !== null) return byWidth(columns, room);
  const best = Array.from({ length: count }, (_, index) => fitted(index + 1, room))
    .reduce((one, other) => (other.cellWidth > one.cellWidth ? other : one));
  const scrolling = Math.max(1, Math.floor((width + GAP) / (SMALLEST + GAP)));
  return best.cellWidth < SMALLEST && scrolling < count ? byWidth(scrolling, room) : best;
}

/** All rows are in the window. @param {number} columns @param {Room} room @returns {Cells} */
function fitted(columns, { count, width, height, shape }) {
  const rows = Math.ceil(count / columns);
  const fullWidth = (width - GAP * (columns - 1)) / columns;
  const fullHeight = (height - GAP * (rows - 1)) / rows;
  const cellWidth = Math.floor(Math.min(fullWidth, fullHeight * shape));
  return { columns, cellWidth, cellHeight: Math.floor(cellWidth / shape) };
}

/** The rows take what height they need. @param {number} columns @param {Room} room @returns {Cells} */
function byWidth(columns, { width, height, shape }) {
  const cellWidth = Math.floor(Math.min((width - GAP * (columns - 1)) / columns, height * shape));
  return { columns, cellWidth, cellHeight: Math.floor(cellWidth / shape) };
}

/**
 * The largest box of a shape within a cell.
 * @param {number} shape @param {{cellWidth: number, cellHeight: number}} cell
 */
export function fitShape(shape, { cellWidth, cellHeight }) {
  const width = Math.min(cellWidth, cellHeight * shape);
  return { width: Math.round(width), height: Math.round(width / shape) };
}
