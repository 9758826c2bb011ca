// Same-origin JSON requests. What goes wrong becomes an Error with the hub's own sentence.

export class ApiError extends Error {
  /** @param {number} status 0 when the hub could not be reached */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function request(method, path, body) {
  const response = await reach(method, path, body);
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  if (response.status === 401) toLogin();
  throw new ApiError(answer?.message ?? `The hub answered with error ${response.status}.`, response.status);
}

async function reach(method, path, body) {
  const headers = { Accept: 'application/json', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) };
  try {
    return await fetch(path, { method, headers, body: body && JSON.stringify(body), credentials: 'same-origin', cache: 'no-store' });
  } catch {
    throw new ApiError('The hub cannot be reached.', 0);
  }
}

export function toLogin() {
  location.assign('/login');
}

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
};
