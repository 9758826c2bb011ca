// Binary messages: 4 bytes big-endian length, a JSON header, the agent's own JPEG.

const utf8 = new TextDecoder();

/**
 * @param {ArrayBuffer} buffer
 * @returns {{header: import('./types.js').PictureHead, jpeg: Uint8Array<ArrayBuffer>}}
 * @throws {Error} if the message is shorter than it says, or its header is not JSON
 */
export function parsePicture(buffer) {
  const length = new DataView(buffer).getUint32(0);
  if (4 + length > buffer.byteLength) throw new Error('a picture message is shorter than it says');
  const header = JSON.parse(utf8.decode(new Uint8Array(buffer, 4, length)));
  return { header, jpeg: new Uint8Array(buffer, 4 + length) };
}
