// Numbers and times as people say them.

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** @param {number} number */
const two = (number) => String(number).padStart(2, '0');

/** "14:02" @param {number} seconds UNIX */
export function clock(seconds) {
  const at = new Date(seconds * 1000);
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}

/**
 * "14:02", "yesterday 18:40", "3 Oct 18:40", "3 Oct 2025 18:40"
 * @param {number} seconds UNIX @param {number} [now_s] UNIX @param {boolean} [exact]  to the second: "14:02:33"
 */
export function clockTime(seconds, now_s = Date.now() / 1000, exact = false) {
  const at = new Date(seconds * 1000);
  const time = clock(seconds) + (exact ? `:${two(at.getSeconds())}` : '');
  const days = daysBetween(at, new Date(now_s * 1000));
  if (days <= 0) return time;
  return days === 1 ? `yesterday ${time}` : `${date(seconds, now_s)} ${time}`;
}

/**
 * "3 Oct", "3 Oct 2025"
 * @param {number} seconds UNIX @param {number} [now_s] UNIX
 */
export function date(seconds, now_s = Date.now() / 1000) {
  const at = new Date(seconds * 1000);
  const year = at.getFullYear() === new Date(now_s * 1000).getFullYear() ? '' : ` ${at.getFullYear()}`;
  return `${at.getDate()} ${MONTHS[at.getMonth()]}${year}`;
}

/** @param {Date} then @param {Date} now */
function daysBetween(then, now) {
  /** @param {Date} date */
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  return Math.round((midnight(now) - midnight(then)) / 86400000);
}

/**
 * How old a picture is: "31 ms", "1.2 s", "42 s", "5 min", then the time it was taken.
 * @param {number} captured_at_s @param {number} now_s
 */
export function age(captured_at_s, now_s) {
  const age_s = Math.max(0, now_s - captured_at_s);
  if (age_s < 0.9995) return `${Math.round(age_s * 1000)} ms`;
  if (age_s < 9.95) return `${age_s.toFixed(1)} s`;
  return age_s < 3600 ? duration(age_s) : clockTime(captured_at_s, now_s);
}

/** "4 s", "5 min", "2 h" @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  return whole < 3600 ? `${Math.floor(whole / 60)} min` : `${Math.floor(whole / 3600)} h`;
}

/**
 * "25" for 25.2, "0.5" for half a picture a second: a slow rate must not read as nothing.
 * @param {number} per_second
 */
export function rate(per_second) {
  if (per_second > 0 && per_second < 0.95) return String(Math.max(0.1, Math.round(per_second * 10) / 10));
  return String(Math.round(per_second));
}

/** "no faces", "1 face", "3 faces" @param {number} number @param {string} one @param {string} many */
export function count(number, one, many) {
  if (number === 0) return `no ${many}`;
  return `${number} ${number === 1 ? one : many}`;
}

/** @type {Record<string, string>} */
const PLURALS = {
  person: 'people', mouse: 'mice', knife: 'knives', sheep: 'sheep', skis: 'skis', scissors: 'scissors',
  broccoli: 'broccoli', 'eye glasses': 'eye glasses',
};

/** "dogs", "buses", "people"; of one: as it is. @param {string} noun @param {number} [number] */
export function plural(noun, number = 2) {
  if (number === 1) return noun;
  if (noun in PLURALS) return PLURALS[noun];
  return /(s|x|z|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}
