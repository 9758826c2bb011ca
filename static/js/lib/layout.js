// How many columns: the tiles are as large as the window allows.

const GAP = 8;
const NARROW = 600;
const SMALLEST = 200;
const USUAL_SHAPE = 4 / 3;

/**
 * @param {{count: number, width: number, height: number, shape: number}} room  in CSS pixels; shape is width / height
 * @returns {{columns: number, cellWidth: number, cellHeight: number}}
 */
export function chooseLayout({ count, width, height, shape }) {
  if (count === 0 || width <= 0) return { columns: 1, cellWidth: 0, cellHeight: 0 };
  if (width < NARROW && count > 1) return byWidth(count > 3 ? 2 : 1, width, shape);
  const best = candidates(count, width >= height)
    .map((columns) => fitted({ count, columns, width, height, shape }))
    .reduce((one, other) => (other.cellWidth > one.cellWidth ? other : one));
  const scrolling = Math.max(1, Math.floor((width + GAP) / (SMALLEST + GAP)));
  return best.cellWidth < SMALLEST && scrolling < count ? byWidth(scrolling, width, shape) : best;
}

/**
 * In a wide window at least as many columns as rows, in a high one at most as many: 4 tiles are 2 × 2.
 * @param {number} count @param {boolean} wide
 */
function candidates(count, wide) {
  const square = Math.ceil(Math.sqrt(count));
  const from = wide ? square : 1;
  const to = wide ? count : square;
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** @param {{count: number, columns: number, width: number, height: number, shape: number}} room */
function fitted({ count, columns, width, height, shape }) {
  const rows = Math.ceil(count / columns);
  const fullWidth = (width - GAP * (columns - 1)) / columns;
  const fullHeight = (height - GAP * (rows - 1)) / rows;
  const cellWidth = Math.floor(Math.min(fullWidth, fullHeight * shape));
  return { columns, cellWidth, cellHeight: Math.floor(cellWidth / shape) };
}

/** @param {number} columns @param {number} width @param {number} shape */
function byWidth(columns, width, shape) {
  const cellWidth = Math.floor((width - GAP * (columns - 1)) / columns);
  return { columns, cellWidth, cellHeight: Math.floor(cellWidth / shape) };
}

/** The shape that most cameras have, so that most tiles fill their cell. @param {number[]} shapes */
export function commonShape(shapes) {
  /** @type {Map<string, {shape: number, number: number}>} */
  const votes = new Map();
  for (const shape of shapes) {
    const key = shape.toFixed(1);
    votes.set(key, { shape, number: (votes.get(key)?.number ?? 0) + 1 });
  }
  const usual = { shape: USUAL_SHAPE, number: 0 };
  return [...votes.values()].reduce((best, each) => (each.number > best.number ? each : best), usual).shape;
}

/**
 * The largest box of a shape within a cell.
 * @param {number} shape @param {{cellWidth: number, cellHeight: number}} cell
 */
export function fitShape(shape, { cellWidth, cellHeight }) {
  const width = Math.min(cellWidth, cellHeight * shape);
  return { width: Math.round(width), height: Math.round(width / shape) };
}
