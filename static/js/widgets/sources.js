// The pictures that are about to be sent to the hub, each with the hub's verdict on it.

import { el, iconButton, keyed, setHidden, setText } from '../lib/dom.js';

/**
 * @typedef {object} LiveFace  a face that a camera shows now
 * @property {import('../lib/types.js').CameraView} camera
 * @property {number|null} track_id  null: the whole picture
 * @property {HTMLCanvasElement|null} preview
 *
 * @typedef {object} Source
 * @property {number} number
 * @property {'file'|'unknown'|'camera'} kind
 * @property {string} name
 * @property {string} verdict  why the hub refused it; empty while it has not
 * @property {File} [file]
 * @property {string} [id]  of an unknown face
 * @property {LiveFace} [live]
 *
 * @typedef {import('../lib/types.js').RejectedPicture} Rejected
 */

/** The hub counts the pictures of a form in this order. @type {Source['kind'][]} */
const KINDS = ['file', 'unknown', 'camera'];

/** @param {{unknownUrl: (id: string) => string, onChange: () => void}} parts */
export function createSources({ unknownUrl, onChange }) {
  const element = el('ul', { class: 'pictures', 'aria-label': 'Pictures to add', hidden: true });
  /** @type {Map<string|number, ReturnType<typeof createRow>>} */
  const rows = new Map();
  /** @type {Source[]} */
  let list = [];
  let last = 0;
  /** @type {Source[]} as the form had them */
  let sent = [];

  /** @param {Source[]} next */
  function put(next) {
    list = next;
    setHidden(element, list.length === 0);
    for (const [number, row] of rows) if (!list.some((source) => source.number === number)) row.free();
    keyed(element, list, rows, {
      key: (source) => source.number, make: createRow, update: (row, source) => row.setState(source),
    });
    onChange();
  }

  /** @param {Omit<Source, 'number'|'verdict'>} fields @returns {Source} */
  const numbered = (fields) => ({ number: ++last, verdict: '', ...fields });
  const wanted = () => list.filter(({ verdict }) => verdict === '');
  /** @param {number} number */
  const remove = (number) => put(list.filter((source) => source.number !== number));

  /** @param {Source} source */
  function createRow({ number, name, file, id = '', live }) {
    const url = file ? URL.createObjectURL(file) : null;
    const image = live?.preview ?? el('img', {
      src: url ?? unknownUrl(id), alt: '', onerror: () => setHidden(image, true),
    });
    const verdict = el('span', { class: 'verdict', 'data-testid': 'source-verdict' });
    const off = iconButton('close', `Remove ${name}`, {
      class: 'icon-button remove', 'data-testid': 'source-remove', onclick: () => remove(number),
    });
    const row = el('li', { class: 'picture', 'data-testid': 'source', title: name },
      el('span', { class: 'thumb' }, image, off), el('span', { class: 'source-name' }, name), verdict);
    return {
      element: row,
      free: () => { if (url) URL.revokeObjectURL(url); },
      /** @param {Source} next */
      setState({ verdict: words }) { setText(verdict, words); row.classList.toggle('is-refused', words !== ''); },
    };
  }

  /**
   * Gives each refusal to its picture. The rest are refusals of pictures that the viewer removed.
   * @param {Rejected[]} refused
   */
  function matched(refused) {
    /** @type {Map<number, string>} */
    const verdicts = new Map();
    const rest = refused.filter(({ picture, verdict }) => {
      const number = sent[picture]?.number;
      const here = list.some((source) => source.number === number);
      if (here) verdicts.set(number, verdict);
      return !here;
    });
    return { judged: list.map((each) => ({ ...each, verdict: verdicts.get(each.number) ?? each.verdict })), rest };
  }

  return {
    element,
    clear: () => put([]),
    /** How many are sent: those that were refused once are not sent again. */
    number: () => wanted().length,
    bytes: () => wanted().reduce((sum, { file }) => sum + (file?.size ?? 0), 0),
    /** @param {File[]} files */
    addFiles(files) {
      if (files.length) put([...list, ...files.map((file) => numbered({ kind: 'file', name: file.name, file }))]);
    },
    /** @param {import('../lib/types.js').UnknownFace[]} faces */
    addUnknown(faces) {
      if (faces.length === 0) return;
      const named = faces.map(({ id, camera_name: name }) => ({ id, name: name || 'unknown face' }));
      put([...list, ...named.map((fields) => numbered({ kind: 'unknown', ...fields }))]);
    },
    /** The hub takes one face of one camera at a time. @param {LiveFace} live */
    setLive(live) {
      const others = list.filter(({ kind }) => kind !== 'camera');
      put([...others, numbered({ kind: 'camera', name: live.camera.name, live })]);
    },
    /** @param {FormData} data */
    fill(data) {
      sent = KINDS.flatMap((each) => wanted().filter(({ kind }) => kind === each));
      for (const { file, id, live } of sent) {
        if (file) data.append('pictures', file, file.name);
        if (id) data.append('unknown', id);
        if (live) data.set('camera', live.camera.id);
        if (live && live.track_id !== null) data.set('track_id', String(live.track_id));
      }
    },
    /**
     * Marks what was refused.
     * @param {Rejected[]} refused @returns {Rejected[]} refusals of pictures that are not here
     */
    refuse(refused) {
      const { judged, rest } = matched(refused);
      put(judged);
      return rest;
    },
    /** The others have been taken. @param {Rejected[]} refused @returns {Rejected[]} as above */
    keepOnly(refused) {
      const { judged, rest } = matched(refused);
      put(judged.filter(({ verdict }) => verdict !== ''));
      return rest;
    },
  };
}
