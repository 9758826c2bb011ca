// Files that the page gives to the viewer.

/**
 * "Front door 2026-11-28 14-02-33.jpg": a name that every system takes.
 * @param {string} name of the camera @param {Date} at @param {boolean} annotated
 */
export function fileName(name, at, annotated) {
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString();
  const time = `${local.slice(0, 10)} ${local.slice(11, 19).replaceAll(':', '-')}`;
  // eslint-disable-next-line no-control-regex -- a name may have any character, a file's may not
  const plain = name.replace(/[\u0000-\u001f<>:"/\\|?*]/g, ' ').replace(/\s+/g, ' ').replace(/^[. ]+|[. ]+$/g, '');
  return `${plain || 'camera'} ${time}${annotated ? ' boxes' : ''}.jpg`;
}

/** @param {Blob} blob @param {string} name */
export function saveFile(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
