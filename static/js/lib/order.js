// The order of the tiles, where the arrow keys lead, and what clicks select. Pure.

/**
 * Those that the order names, as it names them, then the rest.
 * @template {{id: string}} Item
 * @param {Item[]} items @param {string[]} order of ids; some may be gone
 */
export function arranged(items, order) {
  const places = new Map(order.map((id, index) => [id, index]));
  /** @param {Item} item */
  const place = ({ id }) => places.get(id) ?? order.length;
  return [...items].sort((one, other) => place(one) - place(other)); // which keeps the order of equals
}

/**
 * One is taken out and put in again beside another.
 * @param {string[]} order @param {string} id
 * @param {string} beside @param {boolean} after  it, not before it
 */
export function moved(order, id, beside, after) {
  if (id === beside) return order;
  const rest = order.filter((each) => each !== id);
  rest.splice(rest.indexOf(beside) + (after ? 1 : 0), 0, id);
  return rest;
}

/** By one place; at an end it stays. @param {string[]} order @param {string} id @param {number} by places */
export function shifted(order, id, by) {
  const from = order.indexOf(id);
  const to = Math.min(order.length - 1, Math.max(0, from + by));
  return moved(order, id, order[to], to > from);
}

/** How many places an arrow key goes. @param {string} key @param {number} columns @returns {number} 0: no such key */
export function stepOf(key, columns) {
  /** @type {Record<string, number>} */
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  return steps[key] ?? 0;
}

/**
 * Where a key leads in a grid; from the last full row down to the last tile, else it stays at the edge.
 * @param {string} key @param {number} from @param {number} columns @param {number} count
 */
export function reached(key, from, columns, count) {
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  const to = from + stepOf(key, columns);
  if (to >= 0 && to < count) return to;
  const hasRowBelow = Math.floor(from / columns) < Math.floor((count - 1) / columns);
  return key === 'ArrowDown' && hasRowBelow ? count - 1 : from;
}

/**
 * What a click selects: this one alone; with Control it joins or leaves; with Shift all from the last click to it.
 * @param {string[]} order @param {Set<string>} selected @param {string} id
 * @param {{anchor: string|null, shift: boolean, toggle: boolean}} how
 * @returns {string[]}
 */
export function clicked(order, selected, id, { anchor, shift, toggle }) {
  if (shift) {
    const ends = [order.indexOf(anchor ?? id), order.indexOf(id)].map((index) => Math.max(0, index));
    const range = order.slice(Math.min(...ends), Math.max(...ends) + 1);
    return toggle ? [...new Set([...selected, ...range])] : range;
  }
  if (!toggle) return [id];
  return selected.has(id) ? [...selected].filter((each) => each !== id) : [...selected, id];
}
