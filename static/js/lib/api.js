// Same-origin JSON requests. What goes wrong becomes an Error with the hub's own sentence.

import { ROOT } from './root.js';

/** @typedef {import('./types.js').CameraView} CameraView */
/** @typedef {import('./types.js').Person} Person */
/** @typedef {import('./types.js').Enrolled} Enrolled */
/** @typedef {Partial<import('./types.js').Error & import('./types.js').NoUsableFaces>} Answer  of a refusal */

export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status 0 when the hub could not be reached
   * @param {Answer|null} [answer] all that the hub said
   */
  constructor(message, status, answer = null) {
    super(message);
    this.status = status;
    this.answer = answer;
  }
}

/** The sentence of an error that was caught. @param {unknown} error */
export const reason = (error) => (error instanceof Error ? error.message : String(error));

/** What the hub said beside its sentence. @param {unknown} error @returns {Answer} */
export const answerOf = (error) => (error instanceof ApiError && error.answer) || {};

/** @param {string} method @param {string} path @param {object} [body] @returns {Promise<any>} */
async function request(method, path, body) {
  const response = await answered(method, path, body);
  return response.json().catch(() => null);
}

/** @param {string} method @param {string} path @param {object} [body] @param {Record<string, string>} [more] */
async function answered(method, path, body, more) {
  const response = await reach(method, path, body, more);
  if (response.ok) return response;
  const answer = await response.json().catch(() => null);
  if (response.status === 401) toLogin();
  throw new ApiError(answer?.message ?? `The hub answered with error ${response.status}.`, response.status, answer);
}

/**
 * A form is sent as it is, with its files: the browser sets its type.
 * @param {string} method @param {string} path @param {object} [body] @param {Record<string, string>} [more] headers
 */
async function reach(method, path, body, more = {}) {
  const form = body instanceof FormData;
  const json = body !== undefined && !form;
  const headers = { Accept: 'application/json', ...(json ? { 'Content-Type': 'application/json' } : {}), ...more };
  const sent = form ? body : JSON.stringify(body);
  try {
    return await fetch(ROOT + path, { method, headers, body: sent, credentials: 'same-origin', cache: 'no-store' });
  } catch {
    throw new ApiError('The hub cannot be reached.', 0);
  }
}

export function toLogin() {
  location.assign(`${ROOT}/login`);
}

const PEOPLE = '/api/v1/people';
const UNKNOWN = '/api/v1/unknown-faces';
/** @param {string} id */
const person = (id) => `${PEOPLE}/${encodeURIComponent(id)}`;
/** @param {string} id @param {string} face_id */
const face = (id, face_id) => `${person(id)}/faces/${encodeURIComponent(face_id)}`;
/** @param {string} id */
const unknown = (id) => `${UNKNOWN}/${encodeURIComponent(id)}`;
/** @param {string} name */
const user = (name) => `/api/v1/users/${encodeURIComponent(name)}`;
/** @param {string} id */
const event = (id) => `/api/v1/events/${encodeURIComponent(id)}`;
/** @param {string} id */
const camera = (id) => `/api/v1/cameras/${encodeURIComponent(id)}`;

export const api = {
  /** False only when the hub answers that this session has ended. */
  async signedIn() {
    const response = await reach('GET', '/api/v1/cameras').catch(() => null);
    if (response?.status === 401) toLogin();
    return response?.status !== 401;
  },
  /**
   * Why there is no socket, as the hub tells it; '': it does not. `works`: a socket would be accepted.
   * @returns {Promise<{sentence: string, works: boolean}>}
   */
  async whyNoSocket() {
    const response = await reach('POST', '/live').catch(() => null); // unlike GET it brings the page's origin
    const answer = await response?.json().catch(() => null);
    return { sentence: answer?.message ?? '', works: response?.status === 426 };
  },
  /** Ends this browser's session. */
  async signOut() {
    await request('POST', '/logout').catch(() => null);
    toLogin();
  },
  /**
   * @param {string[]} cameras @param {string} option @param {boolean} on
   * @returns {Promise<import('./types.js').OptionAnswers>}
   */
  setOption: (cameras, option, on) => request('POST', '/api/v1/cameras/options', { cameras, option, on }),
  /** @param {object} fields @returns {Promise<CameraView>} */
  addCamera: (fields) => request('POST', '/api/v1/cameras', fields),
  /** @param {object} fields @returns {Promise<import('./types.js').FoundCameras>} */
  discover: (fields) => request('POST', '/api/v1/discover', fields),
  /** @param {string} id @param {object} fields @returns {Promise<CameraView>} */
  change: (id, fields) => request('PATCH', camera(id), fields),
  /** @param {string} id */
  forget: (id) => request('DELETE', camera(id)),
  /** While the page is being left. @param {string} id */
  forgetLate: (id) => fetch(ROOT + camera(id), { method: 'DELETE', keepalive: true, credentials: 'same-origin' }),
  /** @returns {Promise<import('./types.js').Cameras>} */
  cameras: () => request('GET', '/api/v1/cameras'),
  /** @returns {Promise<import('./types.js').Cameras>} */
  rejected: () => request('GET', '/api/v1/cameras/rejected'),
  /** @returns {Promise<import('./types.js').Labels>} */
  labels: () => request('GET', '/api/v1/labels'),
  /** @returns {Promise<import('./types.js').AgentCommand>} */
  agentCommand: () => request('GET', '/api/v1/agent-command'),
  /** @param {string} id */
  snapshotUrl: (id) => `${ROOT}${camera(id)}/snapshot.jpg`,
  /**
   * The newest picture.
   * @param {string} id @param {boolean} annotated  with what was found in it
   */
  async snapshot(id, annotated) {
    const response = await answered('GET', `${camera(id)}/snapshot.jpg${annotated ? '?annotated=1' : ''}`);
    return response.blob();
  },
  /** @param {string} id @param {number} since_s @returns {Promise<import('./types.js').Minutes>} */
  minutes: (id, since_s) => request('GET', `/api/v1/counts?camera=${encodeURIComponent(id)}&since=${since_s}`),
  /** @returns {Promise<import('./types.js').System>} */
  system: () => request('GET', '/api/v1/system'),
  /** @returns {Promise<import('./types.js').CheckFindings>} */
  findings: () => request('GET', '/api/v1/system/findings'),
  /** @returns {Promise<import('./types.js').Views>} */
  views: () => request('GET', '/api/v1/views'),
  /** @param {import('./types.js').ViewShown[]} views @returns {Promise<import('./types.js').Views>} */
  setViews: (views) => request('PUT', '/api/v1/views', { views }),

  /** @returns {Promise<import('./types.js').Settings>} */
  faceSettings: () => request('GET', '/api/v1/settings'),
  /** @param {Partial<import('./types.js').Settings>} fields */
  setFaceSettings: (fields) => request('PUT', '/api/v1/settings', fields),
  /** @returns {Promise<import('./types.js').People>} */
  people: () => request('GET', PEOPLE),
  /** @param {FormData} form @returns {Promise<Enrolled>} */
  addPerson: (form) => request('POST', PEOPLE, form),
  /** @param {string} id @param {FormData} form @returns {Promise<Enrolled>} */
  addFaces: (id, form) => request('POST', `${person(id)}/faces`, form),
  /** @param {string} id @param {string} name */
  renamePerson: (id, name) => request('PATCH', person(id), { name }),
  /** @param {string} id @param {boolean} clips  whether clips that show the person go too */
  forgetPerson: (id, clips) => request('DELETE', `${person(id)}${clips ? '?clips=true' : ''}`),
  /** @param {string} id @param {string} face_id */
  removeFace: (id, face_id) => request('DELETE', face(id, face_id)),
  /** @param {string} id @param {string} face_id */
  faceUrl: (id, face_id) => `${ROOT}${face(id, face_id)}.jpg`,
  /** @param {string} into the id that stays @param {string} from the id that goes */
  mergePeople: (into, from) => request('POST', `${person(into)}/merge`, { from }),
  /** @param {string} id @param {string} camera_id @param {number|null} track_id */
  notThisPerson: (id, camera_id, track_id) => request('POST', `${person(id)}/not`, { camera: camera_id, track_id }),
  /** @returns {Promise<import('./types.js').DistancesShown>} */
  distances: () => request('GET', `${PEOPLE}/distances`),
  /** @param {number} since_s @returns {Promise<import('./types.js').Sightings>} */
  sightings: (since_s) => request('GET', `/api/v1/sightings?since=${since_s}`),
  /** @returns {Promise<import('./types.js').UnknownFaces>} */
  unknownFaces: () => request('GET', UNKNOWN),
  /** @param {string} id */
  unknownUrl: (id) => `${ROOT}${unknown(id)}.jpg`,
  /** @param {string} id */
  dropUnknown: (id) => request('DELETE', unknown(id)),
  dropAllUnknown: () => request('DELETE', UNKNOWN),
  /** @returns {Promise<import('./types.js').Storage>} */
  storage: () => request('GET', '/api/v1/storage'),
  /** @param {import('./types.js').AuditKind[]} kinds @returns {Promise<import('./types.js').Audit>} */
  audit: (kinds) => request('GET', `/api/v1/audit?limit=500&${kinds.map((kind) => `kind=${kind}`).join('&')}`),
  /**
   * @param {Record<string, string>|[string, string][]} query  what is given twice means "or"
   * @returns {Promise<import('./types.js').Events>}
   */
  events: (query) => request('GET', `/api/v1/events?${new URLSearchParams(query)}`),
  /** @param {string} id @returns {Promise<import('./types.js').EventView>} */
  event: (id) => request('GET', event(id)),
  /** @param {string} id @param {'thumbnail'|'snapshot'} picture */
  eventUrl: (id, picture) => `${ROOT}${event(id)}/${picture}.jpg`,
  /** @param {string} id @param {string} after @returns {Promise<import('./types.js').Frames>} */
  frames: (id, after) => request('GET',
    `${event(id)}/frames?limit=500${after && `&after=${encodeURIComponent(after)}`}`),
  /** @param {string} id @param {string} key */
  frameUrl: (id, key) => `${ROOT}${event(id)}/frames/${encodeURIComponent(key)}.jpg`,
  /**
   * Waits until a video is made.
   * @param {string} id @param {'mkv'|'mp4'} kind @param {() => boolean} isWanted  still
   * @returns {Promise<string|null>} its address; null: it is not wanted any more
   */
  async video(id, kind, isWanted) {
    const path = `${event(id)}/clip.${kind}`;
    while (isWanted()) {
      const response = await answered('GET', path);
      response.body?.cancel();
      if (response.status === 200) return isWanted() ? ROOT + path : null;
      const wait_s = Number(response.headers.get('Retry-After') ?? 1);
      await new Promise((done) => { setTimeout(done, wait_s * 1000); });
    }
    return null;
  },
  /** @param {string} id @param {boolean} kept @returns {Promise<import('./types.js').EventView>} */
  keepEvent: (id, kept) => request('PATCH', event(id), { kept }),
  /** @param {string} id */
  deleteEvent: (id) => request('DELETE', event(id)),
  /** While the page is being left. @param {string} id */
  deleteEventLate: (id) => fetch(ROOT + event(id), { method: 'DELETE', keepalive: true, credentials: 'same-origin' }),
  /** What is drawn, and its version. @param {string} id */
  async zones(id) {
    const response = await answered('GET', `${camera(id)}/zones`);
    /** @type {import('./types.js').CameraZones} */
    const drawn = await response.json();
    return { drawn, version: response.headers.get('ETag') };
  },
  /**
   * Refused (409) where a version is given that is not that of what is drawn now.
   * @param {string} id @param {object} zones @param {string|null} version
   */
  setZones: (id, zones, version) => (
    answered('PUT', `${camera(id)}/zones`, zones, version === null ? {} : { 'If-Match': version })),
  /** @returns {Promise<import('./types.js').Me>} */
  me: () => request('GET', '/api/v1/me'),
  /** @returns {Promise<import('./types.js').Users>} */
  users: () => request('GET', '/api/v1/users'),
  /** @param {object} fields @returns {Promise<import('./types.js').User>} */
  addUser: (fields) => request('POST', '/api/v1/users', fields),
  /** @param {string} name @param {object} fields @returns {Promise<import('./types.js').User>} */
  changeUser: (name, fields) => request('PATCH', user(name), fields),
  /** @param {string} name */
  removeUser: (name) => request('DELETE', user(name)),
  /** @returns {Promise<import('./types.js').SessionList>} */
  sessions: () => request('GET', '/api/v1/sessions?limit=500'),
  /** @param {string} id */
  endSession: (id) => request('DELETE', `/api/v1/sessions/${encodeURIComponent(id)}`),
  /** @returns {Promise<import('./types.js').TokenList>} */
  tokens: () => request('GET', '/api/v1/tokens?limit=500'),
  /** @param {object} fields @returns {Promise<import('./types.js').MadeToken>} */
  makeToken: (fields) => request('POST', '/api/v1/tokens', fields),
  /** @param {string} id */
  endToken: (id) => request('DELETE', `/api/v1/tokens/${encodeURIComponent(id)}`),
};
