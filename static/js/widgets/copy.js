// A button that copies what stands beside it.

import { button, el, icon, setText } from '../lib/dom.js';

const THANKS_MS = 2000;

/** @param {HTMLElement} source  whose text is copied @param {string} testid */
export function createCopyButton(source, testid) {
  const words = el('span', {}, 'Copy');
  return button([icon('copy'), words], testid, async () => {
    const done = await copyText(source.textContent, source);
    setText(words, done ? 'Copied' : 'Selected: press Ctrl+C');
    setTimeout(() => setText(words, 'Copy'), THANKS_MS);
  });
}

/**
 * The clipboard is closed to pages without HTTPS. There the text is selected and copied the old way.
 * @param {string} text @param {Node} node
 */
async function copyText(text, node) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection()?.selectAllChildren(node);
    return document.execCommand('copy');
  }
}
