// The stored minutes of people as a chart wants them. Pure.

const MINUTE_S = 60;

/**
 * Minutes without a count are gaps and not zeros.
 * @param {import('./types.js').CountedMinute[]} minutes  oldest first
 * @returns {(number|null)[][]}  times, means, most
 */
export function seriesOf(minutes) {
  /** @type {[number[], (number|null)[], (number|null)[]]} */
  const series = [[], [], []];
  for (const { at, mean, max } of minutes) {
    const last = series[0].at(-1);
    if (last !== undefined && at - last > MINUTE_S * 1.5) add(series, last + MINUTE_S, null, null);
    add(series, at, mean, max);
  }
  return series;
}

/**
 * @param {[number[], (number|null)[], (number|null)[]]} series
 * @param {number} at @param {number|null} mean @param {number|null} max
 */
function add([times, means, most], at, mean, max) {
  times.push(at);
  means.push(mean);
  most.push(max);
}
