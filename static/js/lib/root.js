// The path under which the hub lies behind a reverse proxy, such as `/cams`; empty where there is none.

export const ROOT = globalThis.document?.documentElement?.dataset?.root ?? '';

/** The address of the socket. */
export const liveUrl = () => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${ROOT}/live`;
