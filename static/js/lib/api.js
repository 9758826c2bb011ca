// @ts-nocheck
// Same-origin JSON requests. What goes wrong becomes an Error with the hub's own sentence.

export class ApiError extends Error {
  /**
   * @param {number} status 0 when the hub could not be reached
   * @param {object|null} [answer] all that the hub said
   */
  constructor(message, status, answer = null) {
    super(message);
    this.status = status;
    this.answer = answer;
  }
}

async function request(method, path, body) {
  const response = await reach(method, path, body);
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  if (response.status === 401) toLogin();
  throw new ApiError(answer?.message ?? `The hub answered with error ${response.status}.`, response.status, answer);
}

/** A form goes as it is, with its files; the browser writes its type. */
async function reach(method, path, body) {
  const json = body !== undefined && !(body instanceof FormData);
  const headers = { Accept: 'application/json', ...(json ? { 'Content-Type': 'application/json' } : {}) };
  try {
    return await fetch(path, { method, headers, body: json ? JSON.stringify(body) : body, credentials: 'same-origin', cache: 'no-store' });
  } catch {
    throw new ApiError('The hub cannot be reached.', 0);
  }
}

export function toLogin() {
  location.assign('/login');
}

const PEOPLE = '/api/v1/people';
const UNKNOWN = '/api/v1/unknown-faces';
const person = (id) => `${PEOPLE}/${encodeURIComponent(id)}`;
const face = (id, face_id) => `${person(id)}/faces/${encodeURIComponent(face_id)}`;
const unknown = (id) => `${UNKNOWN}/${encodeURIComponent(id)}`;
const camera = (id) => `/api/v1/cameras/${encodeURIComponent(id)}`;

export const api = {
  /** False only when the hub is there and says that this session is gone. */
  async signedIn() {
    const response = await reach('GET', '/api/v1/cameras').catch(() => null);
    if (response?.status === 401) toLogin();
    return response?.status !== 401;
  },
  /** @returns {Promise<{cameras: Object<string, {options?: string[], error?: string, message?: string}>}>} */
  setOption: (cameras, option, on) => request('POST', '/api/v1/cameras/options', { cameras, option, on }),
  change: (id, fields) => request('PATCH', camera(id), fields),
  forget: (id) => request('DELETE', camera(id)),
  rejected: () => request('GET', '/api/v1/cameras/rejected'),
  /** @returns {Promise<{labels: import('./types.js').Label[]}>} */
  labels: () => request('GET', '/api/v1/labels'),
  /** @returns {Promise<{linux: string, windows: string, hub: string}>} */
  agentCommand: () => request('GET', '/api/v1/agent-command'),
  snapshotUrl: (id) => `${camera(id)}/snapshot.jpg?annotated=1`,

  /** @returns {Promise<import('./types.js').Settings>} */
  faceSettings: () => request('GET', '/api/v1/settings'),
  setFaceSettings: (fields) => request('PUT', '/api/v1/settings', fields),
  /** @returns {Promise<{people: import('./types.js').Person[]}>} */
  people: () => request('GET', PEOPLE),
  /** @param {FormData} form @returns {Promise<import('./types.js').Enrolled>} */
  addPerson: (form) => request('POST', PEOPLE, form),
  /** @param {FormData} form @returns {Promise<import('./types.js').Enrolled>} */
  addFaces: (id, form) => request('POST', `${person(id)}/faces`, form),
  renamePerson: (id, name) => request('PATCH', person(id), { name }),
  forgetPerson: (id) => request('DELETE', person(id)),
  removeFace: (id, face_id) => request('DELETE', face(id, face_id)),
  faceUrl: (id, face_id) => `${face(id, face_id)}.jpg`,
  mergePeople: (into, from) => request('POST', `${person(into)}/merge`, { from }),
  notThisPerson: (id, camera_id, track_id) => request('POST', `${person(id)}/not`, { camera: camera_id, track_id }),
  /** @returns {Promise<{genuine: number[], impostor: number[], known_below: number, perhaps_below: number}>} */
  distances: () => request('GET', `${PEOPLE}/distances`),
  /** @returns {Promise<{sightings: import('./types.js').Sighting[]}>} */
  sightings: (since_s) => request('GET', `/api/v1/sightings?since=${since_s}`),
  /** @returns {Promise<{faces: import('./types.js').UnknownFace[]}>} */
  unknownFaces: () => request('GET', UNKNOWN),
  unknownUrl: (id) => `${unknown(id)}.jpg`,
  dropUnknown: (id) => request('DELETE', unknown(id)),
  dropAllUnknown: () => request('DELETE', UNKNOWN),
  /** @returns {Promise<{entries: {at: number, action: string, person: string|null, other: string|null, by: string, detail: string}[]}>} */
  audit: () => request('GET', '/api/v1/audit'),
};
