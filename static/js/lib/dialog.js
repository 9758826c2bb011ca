// A dialog that is in the page only while it is open.

/**
 * The browser reports a close a moment later, when the dialog may be open again. Then `closed` has already been called,
 * and the report is not taken for a close of the new dialog.
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
