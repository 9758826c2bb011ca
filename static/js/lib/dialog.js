// A dialog that is in the page only while it is open.

/**
 * The browser tells of a close a moment later. In that moment the dialog may have been opened again: then
 * `closed` has been called before, and what the browser tells is not taken for a close of the new one.
 * @param {HTMLDialogElement} dialog
 * @param {() => void} closed  leaves nothing behind; called once for each time it was open
 * @returns {() => void} opens it
 */
export function opener(dialog, closed) {
  let uncleared = false;

  function clear() {
    if (!uncleared) return;
    uncleared = false;
    closed();
    dialog.remove();
  }

  dialog.addEventListener('close', () => { if (!dialog.open) clear(); });
  return () => {
    clear();
    uncleared = true;
    document.body.append(dialog);
    dialog.showModal();
  };
}
