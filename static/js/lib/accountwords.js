// Accounts, sessions and tokens in words, and what a form can tell before the hub does. Pure.

import { count } from './format.js';

/**
 * @typedef {'viewer'|'operator'|'admin'} RoleName
 * @typedef {{id: string, name: string}[]} Named  cameras
 * @typedef {{role: RoleName, cameras?: string[]|null}} Rights  cameras: null: all; none: it has no list
 */

/** @type {{name: RoleName, label: string, may: string}[]} each may what those before it may */
export const ROLES = [
  { name: 'viewer', label: 'Viewer', may: 'Sees pictures, what is found in them, events and clips.' },
  { name: 'operator', label: 'Operator', may: 'Also switches AI options, names cameras, draws zones, deletes events.' },
  { name: 'admin', label: 'Administrator', may: 'Does everything, on every camera: people, settings, accounts too.' },
];
export const NAME_RULE = '1 to 40 letters (a to z), digits, dots, dashes, _ or @.';
export const PASSWORD_RULE = '8 characters or more, and nothing that others would try first. '
  + 'Four words that do not belong together are good.';
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,39}$/;
const SHORTEST_PASSWORD = 8;
const LISTED = 3;

/** Those that one of this role may give to a token. @param {RoleName} role */
export const rolesUpTo = (role) => ROLES.slice(0, ROLES.findIndex(({ name }) => name === role) + 1);

/** @param {RoleName} role */
export const roleLabel = (role) => ROLES.find(({ name }) => name === role)?.label ?? role;

/** What is wrong with the name of a new account; empty: nothing. @param {string} name */
export function nameFlaw(name) {
  if (!name) return 'Enter a name.';
  return NAME.test(name) ? '' : `A name has ${NAME_RULE} It begins with a letter or digit.`;
}

/** What is wrong with a new password, as far as the page can tell. @param {string} password */
export function passwordFlaw(password) {
  if (!password) return 'Enter a password.';
  const short = [...password].length < SHORTEST_PASSWORD;
  return short ? `This password is too short: it needs ${SHORTEST_PASSWORD} characters or more.` : '';
}

/**
 * Only what differs, so that what somebody else has changed meanwhile stays.
 * @param {Rights} old @param {Rights} wanted @returns {Partial<Rights>}
 */
export function changesOf(old, { role, cameras }) {
  return {
    ...(role === old.role ? {} : { role }),
    ...(cameras === undefined || sameList(cameras, old.cameras ?? null) ? {} : { cameras }),
  };
}

/** @param {string[]|null} one @param {string[]|null} other */
function sameList(one, other) {
  if (one === null || other === null) return one === other;
  return one.length === other.length && one.every((id) => other.includes(id));
}

/**
 * "all cameras", "no camera", "Door, Hall and 3 more"; what was forgotten has no name any more.
 * @param {string[]|null} ids @param {Named} cameras
 */
export function cameraWords(ids, cameras) {
  if (ids === null) return 'all cameras';
  const names = cameras.filter(({ id }) => ids.includes(id)).map(({ name }) => name);
  if (names.length === 0) return 'no camera';
  const told = names.slice(0, names.length === LISTED + 1 ? names.length : LISTED);
  const more = names.length - told.length;
  return told.join(', ') + (more ? ` and ${more} more` : '');
}

/** @type {[RegExp, string][]} the first that fits: many call themselves by the names of others, too */
const BROWSERS = [
  [/Edg(?:e|A|iOS)?\//, 'Edge'], [/OPR\/|Opera/, 'Opera'], [/SamsungBrowser\//, 'Samsung Internet'],
  [/Firefox\/|FxiOS\//, 'Firefox'], [/Chrome\/|CriOS\//, 'Chrome'], [/Safari\//, 'Safari'],
];
/** @type {[RegExp, string][]} */
const SYSTEMS = [
  [/Windows/, 'Windows'], [/iPhone|iPad|iPod/, 'iOS'], [/Android/, 'Android'], [/CrOS/, 'ChromeOS'],
  [/Macintosh|Mac OS X/, 'macOS'], [/Linux|X11/, 'Linux'],
];

/** "Firefox on Linux", of what a browser calls itself. @param {string} agent */
export function browserWords(agent) {
  const [browser, system] = [BROWSERS, SYSTEMS].map((known) => known.find(([sign]) => sign.test(agent))?.[1]);
  if (browser) return [browser, system].filter(Boolean).join(' on ');
  return agent.split(/[/ ]/)[0] || 'An unknown program';
}

/**
 * The address of a camera's pictures for programs that take one line, with the token as Basic's password.
 * @param {{origin: string, root: string}} hub @param {string} camera @param {string} token
 */
export function streamLine({ origin, root }, camera, token) {
  const [scheme, host] = origin.split('://');
  const path = `${root}/api/v1/cameras/${encodeURIComponent(camera)}/stream.mjpg`;
  return `${scheme}://token:${encodeURIComponent(token)}@${host}${path}`;
}

/**
 * A line of the change log: "account bob: changed, operator; cameras Door, by anna, from 10.0.0.7".
 * Ids of cameras become names.
 * @param {import('./types.js').AuditEntry} entry @param {{cameras: Named}} view
 */
export function accountChange({ action, kind, subject, detail, by, via, address }, { cameras }) {
  const camera = kind === 'camera' && subject && (cameras.find(({ id }) => id === subject)?.name ?? 'that is gone');
  const named = kind === 'account' ? subject : camera;
  const told = cameras.reduce((text, { id, name }) => text.replaceAll(id, name), detail);
  const what = [kind.replace('-', ' '), named].filter(Boolean).join(' ');
  return { what, parts: [action, told, `by ${by}`, via && `with ${via}`, address && `from ${address}`] };
}

/** "2 sessions" @param {number} number */
export const sessionCount = (number) => count(number, 'session', 'sessions');
