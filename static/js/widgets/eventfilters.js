// Which events are shown: camera, kind, label, person, zone or line, time, kept. The address keeps the choice.

import { button, el, setHidden } from '../lib/dom.js';

const KINDS = [
  ['', 'All kinds'], ['seen', 'Seen'], ['face', 'Faces'], ['crossing', 'Crossings'], ['camera', 'Cameras'],
  ['system', 'System'],
];
const TIMES = [['', 'Any time'], ['3600', 'Last hour'], ['86400', 'Last day'], ['604800', 'Last week']];
const LABELS = ['', 'person', 'car', 'truck', 'bus', 'bicycle', 'motorcycle', 'dog', 'cat', 'bird'];

/**
 * @param {HTMLElement} root
 * @param {object} parts
 * @param {(filters: import('../lib/eventbook.js').Filters) => void} parts.onChange
 * @param {typeof import('../lib/api.js').api.people} parts.people
 * @param {typeof import('../lib/api.js').api.zones} parts.zones  of a camera
 */
export function createEventFilters(root, { onChange, people, zones }) {
  const camera = choice('camera', 'Camera', [['', 'All cameras']], () => {
    place.value = ''; // it is a place of the other camera
    changed();
  });
  const kind = choice('kind', 'Kind', KINDS);
  const label = choice('label', 'Label', LABELS.map((name) => [name, name || 'All labels']));
  const person = choice('person', 'Person', [['', 'All people']]);
  const place = choice('place', 'Zone or line', [['', 'All zones and lines']]);
  const period = choice('period', 'Time', TIMES);
  const kept = el('input', { type: 'checkbox', class: 'check', 'data-testid': 'filter-kept', onchange: changed });
  const clear = button('Clear', 'filter-clear', () => { reset({}); changed(); }, 'link');
  const fields = { camera, kind, label, person, place, period };
  root.classList.add('filters');
  root.append(...Object.values(fields), el('label', { class: 'check-row' }, kept, 'Kept'), clear);
  let names = '';
  let placesOf = '';

  /** @param {string} name @param {string} words @param {string[][]} options */
  function choice(name, words, options, onchange = changed) {
    const props = { class: 'field', 'aria-label': words, 'data-testid': `filter-${name}`, onchange };
    return el('select', props, ...options.map(([value, text]) => el('option', { value }, text)));
  }

  /**
   * What can be chosen, after the first option; the choice stays.
   * @param {HTMLSelectElement} field @param {string[][]} options @param {string} unknown  of a choice that is gone
   */
  function fill(field, options, unknown) {
    const chosen = field.value;
    const known = options.some(([value]) => value === chosen);
    field.replaceChildren(field.options[0], ...[...options, ...(chosen && !known ? [[chosen, unknown]] : [])]
      .map(([value, text]) => el('option', { value }, text)));
    field.value = chosen;
    setHidden(field, field.options.length === 1);
  }

  function changed() {
    const chosen = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value]));
    if (chosen.camera !== placesOf) loadPlaces();
    const address = new URLSearchParams(Object.entries({ ...chosen, kept: kept.checked ? 'true' : '' })
      .filter(([, value]) => value !== ''));
    history.replaceState(null, '', address.size ? `?${address}` : location.pathname);
    setHidden(clear, address.size === 0);
    onChange(query());
  }

  /** The zones and lines of the chosen camera. */
  async function loadPlaces() {
    const id = camera.value;
    placesOf = id;
    const found = id ? await zones(id).catch(() => null) : null;
    if (placesOf !== id) return;
    fill(place, [
      ...(found?.drawn.zones ?? []).map(({ id: zone, name }) => [`zone ${zone}`, name]),
      ...(found?.drawn.lines ?? []).map(({ id: line, name }) => [`line ${line}`, name]),
    ], 'a place that is gone');
  }

  async function loadPeople() {
    const found = await people().catch(() => null); // who may not see people may not choose one
    fill(person, (found?.people ?? []).map(({ id, name }) => [id, name]), 'somebody who is gone');
  }

  /** @param {Record<string, string>} values */
  function reset(values) {
    Object.entries(fields).forEach(([name, field]) => { field.value = values[name] ?? ''; });
    kept.checked = values.kept === 'true';
  }

  function query() {
    const { period: seconds, place: where, ...rest } = Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [name, field.value]),
    );
    const since = seconds ? String(Math.floor(Date.now() / 1000 - Number(seconds))) : '';
    const [what, id] = where.split(' ');
    return { ...rest, ...(id ? { [what]: id } : {}), since, kept: kept.checked ? 'true' : '' };
  }

  /** @param {import('../lib/views.js').View|null} view */
  function setState(view) {
    const cameras = view?.cameras ?? [];
    const now = JSON.stringify(cameras.map(({ id, name }) => [id, name]));
    if (now === names) return;
    names = now;
    fill(camera, cameras.map(({ id, name }) => [id, name]), 'a camera that is gone');
    setHidden(camera, false);
  }

  return {
    setState,
    /** Takes the choice of the address. */
    begin() {
      const values = Object.fromEntries(new URLSearchParams(location.search));
      for (const [name, field] of Object.entries({ camera, person, place })) {
        if (values[name]) field.append(el('option', { value: values[name] }, '…'));
        setHidden(field, field !== camera && !values[name]);
      }
      reset(values);
      changed();
      loadPeople();
    },
  };
}
