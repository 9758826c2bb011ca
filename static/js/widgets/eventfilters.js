// Which events are shown: camera, kind, label, kept. The address keeps the choice.

import { button, el, setHidden } from '../lib/dom.js';

const KINDS = [
  ['', 'All kinds'], ['seen', 'Seen'], ['face', 'Faces'], ['crossing', 'Crossings'], ['camera', 'Cameras'],
  ['system', 'System'],
];
const TIMES = [['', 'Any time'], ['3600', 'Last hour'], ['86400', 'Last day'], ['604800', 'Last week']];
const LABELS = ['', 'person', 'car', 'truck', 'bus', 'bicycle', 'motorcycle', 'dog', 'cat', 'bird'];

/**
 * @param {HTMLElement} root
 * @param {{onChange: (filters: import('../lib/eventbook.js').Filters) => void}} parts
 */
export function createEventFilters(root, { onChange }) {
  const camera = choice('camera', 'Camera', [['', 'All cameras']]);
  const kind = choice('kind', 'Kind', KINDS);
  const label = choice('label', 'Label', LABELS.map((name) => [name, name || 'All labels']));
  const period = choice('period', 'Time', TIMES);
  const kept = el('input', { type: 'checkbox', class: 'check', 'data-testid': 'filter-kept', onchange: changed });
  const clear = button('Clear', 'filter-clear', () => { reset({}); changed(); }, 'link');
  const fields = { camera, kind, label, period };
  root.classList.add('filters');
  root.append(camera, kind, label, period, el('label', { class: 'check-row' }, kept, 'Kept'), clear);
  let names = '';

  /** @param {string} name @param {string} words @param {string[][]} options */
  function choice(name, words, options) {
    const props = { class: 'field', 'aria-label': words, 'data-testid': `filter-${name}`, onchange: changed };
    return el('select', props, ...options.map(([value, text]) => el('option', { value }, text)));
  }

  function changed() {
    const chosen = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value]));
    const address = new URLSearchParams(Object.entries({ ...chosen, kept: kept.checked ? 'true' : '' })
      .filter(([, value]) => value !== ''));
    history.replaceState(null, '', address.size ? `?${address}` : location.pathname);
    setHidden(clear, address.size === 0);
    onChange(query());
  }

  /** @param {Record<string, string>} values */
  function reset(values) {
    Object.entries(fields).forEach(([name, field]) => { field.value = values[name] ?? ''; });
    kept.checked = values.kept === 'true';
  }

  function query() {
    const { period: seconds, ...rest } = Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [name, field.value]),
    );
    const since = seconds ? String(Math.floor(Date.now() / 1000 - Number(seconds))) : '';
    return { ...rest, since, kept: kept.checked ? 'true' : '' };
  }

  /** @param {import('../lib/views.js').View|null} view */
  function setState(view) {
    const cameras = view?.cameras ?? [];
    const now = JSON.stringify(cameras.map(({ id, name }) => [id, name]));
    if (now === names) return;
    names = now;
    const chosen = camera.value || new URLSearchParams(location.search).get('camera') || '';
    camera.replaceChildren(el('option', { value: '' }, 'All cameras'),
      ...cameras.map(({ id, name }) => el('option', { value: id }, name)));
    if (chosen && !cameras.some(({ id }) => id === chosen)) {
      camera.append(el('option', { value: chosen }, 'a camera that is gone'));
    }
    camera.value = chosen;
  }

  return {
    setState,
    /** Takes the choice of the address. */
    begin() {
      const values = Object.fromEntries(new URLSearchParams(location.search));
      if (values.camera) camera.append(el('option', { value: values.camera }, '…'));
      reset(values);
      changed();
    },
  };
}
