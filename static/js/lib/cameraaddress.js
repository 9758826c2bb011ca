// Addresses of cameras on the network, as people type them.

/**
 * Puts user and password into an address, in the form in which they may have any character.
 * @param {string} address  with or without a scheme; a user in it gives way to the one that was typed
 * @param {string} user @param {string} password
 */
export function cameraAddress(address, user, password) {
  const text = address.trim();
  const whole = text.includes('://') || text === '' ? text : `rtsp://${text}`;
  if (!user && !password) return whole;
  const [, scheme, place, rest] = /^(.*?:\/\/)([^/?#]*)(.*)$/.exec(whole) ?? ['', '', '', ''];
  if (!scheme) return whole;
  const host = place.slice(place.lastIndexOf('@') + 1);
  return `${scheme}${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}${rest}`;
}
