// Files that a viewer drags onto a part of the page.

/**
 * @param {HTMLElement} element  has the class is-target while files are dragged over it
 * @param {(files: File[]) => void} take
 */
export function takeFiles(element, take) {
  let depth = 0; // entering a child comes before leaving its parent
  /** @param {number} change */
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    element.classList.toggle('is-target', depth > 0);
  };
  /** @param {(files: FileList, event: DragEvent) => void} run */
  const onFiles = (run) => (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    run(event.dataTransfer.files, event);
  };
  element.addEventListener('dragenter', onFiles(() => mark(1)));
  element.addEventListener('dragleave', onFiles(() => mark(-1)));
  element.addEventListener('dragover', onFiles(() => {}));
  element.addEventListener('drop', onFiles((files, event) => {
    depth = 0;
    mark(0);
    event.stopPropagation();
    take([...files]);
  }));
}

/** The browser must not open a file that is dropped elsewhere in place of the page. */
export function ignoreOtherFiles() {
  for (const name of ['dragover', 'drop']) document.addEventListener(name, (event) => event.preventDefault());
}
