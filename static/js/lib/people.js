// How a recognised face is called and coloured, on pictures and on the page of faces.

const HUES = 12;

/**
 * What stands beside a face: a name, a name with a question mark, "unknown", or what hinders recognition. Empty while
 * the face is undecided. Null when recognition was not asked for.
 * @param {Pick<import('./types.js').Face, 'identity'|'person'>} face
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

/** A person has the same hue on every camera and every day. @param {string} id @returns {number} 0 to 11 */
export function personHue(id) {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65521;
  return sum % HUES;
}

/**
 * "Anna, Ben?, 2 unknown": who is in the picture, names first. Empty while every face is undecided.
 * @param {import('./types.js').Face[]} faces
 */
export function whoWords(faces) {
  /** @param {import('./types.js').Identity['state']} state */
  const states = (state) => faces.filter((face) => face.identity?.state === state);
  const named = [...states('known'), ...states('perhaps')];
  const names = [...new Set(named.map((face) => faceWords(face) ?? ''))].filter(Boolean);
  const unknown = states('unknown').length;
  return [...names, ...(unknown ? [`${unknown} unknown`] : [])];
}

/**
 * A line of the change log; a forgotten person has no name.
 * @param {import('./types.js').AuditEntry} entry
 * @param {{people: import('./types.js').Person[]|null}} view
 */
export function peopleChange({ action, person, other, detail, by }, { people }) {
  /** @param {string} id */
  const nameOf = (id) => people?.find((each) => each.id === id)?.name ?? 'a forgotten person';
  return { what: action, parts: [person && nameOf(person), other ? `with ${nameOf(other)}` : detail, `by ${by}`] };
}
