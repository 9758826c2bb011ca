// What the page says while there is no camera to show.

import { el, setHidden, setText } from '../lib/dom.js';
import { isAdmin } from '../lib/rights.js';
import { HOW_TO_ADD, createAddCamera } from './addcamera.js';

/** @param {HTMLElement} root @param {{actions: import('../lib/actions.js').Actions}} parts */
export function createEmpty(root, { actions }) {
  const sentence = el('h1', {});
  const command = createAddCamera({ actions });
  const element = el('section', { class: 'empty', 'data-testid': 'empty', hidden: true }, sentence);
  root.append(element);
  return {
    /** @param {import('../lib/views.js').View|null} view */
    setState(view) {
      const told = view?.link === 'live' || view?.link === 'lost';
      const empty = view !== null && told && view.cameras.length === 0;
      setHidden(element, !empty);
      if (!empty) command.element.remove();
      else if (isAdmin() && !command.element.isConnected) element.append(command.element);
      setText(sentence, empty ? words(view.pending.length) : '');
      command.setState(empty && isAdmin() ? view : null);
    },
  };
}

/** @param {number} pending */
function words(pending) {
  if (!isAdmin()) return 'No camera is shown to this account yet. Ask an administrator.';
  if (pending === 0) return HOW_TO_ADD;
  const waiting = pending === 1 ? 'One camera is waiting' : `${pending} cameras are waiting`;
  return `${waiting} for your approval in the sidebar.`;
}
