// Everyone who is known, a card each.

import { button, el, icon, keyed, setHidden, setText } from '../lib/dom.js';
import { createPerson } from './person.js';

const HOW = 'dd a person with one or two clear pictures of the face, seen from the front.';

/**
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {import('../lib/gallery.js').Gallery} parts.gallery
 * @param {import('./menu.js').Menu} parts.menu
 * @param {(wish?: import('./enrol.js').Wish) => void} parts.onEnrol  a person or more pictures are to be added
 */
export function createPeople(root, { gallery, menu, onEnrol }) {
  const title = el('h2', {}, 'People');
  const add = button([icon('plus'), 'Add a person'], 'add-person', () => onEnrol(), 'button primary');
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
    const how = view?.settings?.recognition ? `A${HOW}` : `Switch face recognition on, then a${HOW}`;
    setText(empty, `No people yet. ${how}`);
    const [cameras, now_s] = [view?.cameras ?? [], view?.now_s ?? 0];
    keyed(list, people, rows, {
      key: (person) => person.id,
      make: (person) => createPerson({ person, gallery, menu, onEnrol, onGone: () => add.focus() }),
      update: (row, person) => {
        row.setState({ person, others: people.filter((other) => other.id !== person.id), cameras, now_s });
      },
    });
  }

  return { setState };
}
