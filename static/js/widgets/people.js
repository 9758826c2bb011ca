// @ts-nocheck
// Everyone who is known, a card each.

import { el, icon, keyed, setHidden, setText } from '../lib/dom.js';
import { createPerson } from './person.js';

/**
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {(wish?: object) => void} parts.onEnrol  somebody or more pictures shall be added
 */
export function createPeople(root, { gallery, menu, onEnrol }) {
  const title = el('h2', {}, 'People');
  const add = el('button', { type: 'button', class: 'button primary', 'data-testid': 'add-person', onclick: () => onEnrol() }, icon('plus'), 'Add a person');
  const empty = el('p', { class: 'invitation', 'data-testid': 'nobody', hidden: true });
  const list = el('ul', { class: 'people' });
  const rows = new Map();
  root.append(el('div', { class: 'part-head' }, title, el('span', { class: 'spring' }), add), empty, list);

  /** @param {import('../lib/views.js').FacesView|null} view */
  function setState(view) {
    const people = view?.people ?? [];
    setText(title, people.length ? `People (${people.length})` : 'People');
    setHidden(add, view?.settings?.recognition_allowed === false);
    setHidden(empty, !view?.people || people.length > 0);
    setText(empty, view?.settings?.recognition
      ? 'Nobody is known yet: add a person with one or two clear pictures of the face, seen from the front.'
      : 'Nobody is known yet: switch face recognition on, then add a person with one or two clear pictures of the face.');
    keyed(list, people, rows, {
      key: (person) => person.id,
      make: ({ id }) => createPerson({ id, gallery, menu, onEnrol, onGone: () => add.focus() }),
      update: (row, person) => row.setState({ person, others: people.filter((other) => other.id !== person.id), cameras: view.cameras, now_s: view.now_s }),
    });
  }

  return { setState };
}
