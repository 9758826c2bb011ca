// @ts-nocheck
// Files that are dragged onto a part of the page.

/**
 * @param {HTMLElement} element  has the class is-target while files hang over it
 * @param {(files: File[]) => void} take
 */
export function takeFiles(element, take) {
  let depth = 0; // entering a child comes before leaving its parent
  const mark = (change) => { depth = Math.max(0, depth + change); element.classList.toggle('is-target', depth > 0); };
  const onFiles = (run) => (event) => { if (event.dataTransfer?.types.includes('Files')) { event.preventDefault(); run(event); } };
  element.addEventListener('dragenter', onFiles(() => mark(1)));
  element.addEventListener('dragleave', onFiles(() => mark(-1)));
  element.addEventListener('dragover', onFiles(() => {}));
  element.addEventListener('drop', onFiles((event) => {
    depth = 0;
    mark(0);
    event.stopPropagation();
    take([...event.dataTransfer.files]);
  }));
}

/** A file that misses must not take the place of the page. */
export function ignoreOtherFiles() {
  for (const name of ['dragover', 'drop']) document.addEventListener(name, (event) => event.preventDefault());
}
