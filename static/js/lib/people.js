// @ts-nocheck
// How a recognised face is called and coloured, on pictures and on the page of faces.

const HUES = 12;

/**
 * What stands beside a face: a name, a name in doubt, that it is nobody known, or what hinders it; empty while it is not
 * decided. Null when recognition was not asked for.
 * @param {import('./types.js').Face} face
 */
export function faceWords({ identity, person }) {
  if (!identity) return person?.name ?? null;
  switch (identity.state) {
    case 'known': return identity.name ?? '';
    case 'perhaps': return identity.name ? `${identity.name}?` : '';
    case 'unknown': return 'unknown';
    default: return identity.flaws?.[0] ?? '';
  }
}

/** A person keeps one of the hues, on every camera and every day. @param {string} id @returns {number} 0 to 11 */
export function personHue(id) {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.codePointAt(0)) % 65521;
  return sum % HUES;
}

/**
 * "Anna, Ben?, 2 unknown": who is in the picture, names first. Empty while nobody is decided.
 * @param {import('./types.js').Face[]} faces
 */
export function whoWords(faces) {
  const states = (state) => faces.filter((face) => face.identity?.state === state);
  const names = [...new Set([...states('known'), ...states('perhaps')].map(faceWords))].filter(Boolean);
  const unknown = states('unknown').length;
  return [...names, ...(unknown ? [`${unknown} unknown`] : [])];
}
