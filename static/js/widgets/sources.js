// @ts-nocheck
// The pictures that are about to be sent to the hub, each with what it said of it.

import { el, iconButton, keyed, setHidden, setText } from '../lib/dom.js';

/**
 * @typedef {object} Source
 * @property {number} number
 * @property {'file'|'unknown'|'camera'} kind
 * @property {string} name
 * @property {string} verdict  why it was refused; empty while it was not
 * @property {File} [file]
 * @property {string} [id]  of an unknown face
 * @property {{camera: object, track_id: number|null, preview: HTMLCanvasElement}} [live]
 */

// In this order the hub counts the pictures of a form.
const KINDS = ['file', 'unknown', 'camera'];

/** @param {{unknownUrl: (id: string) => string, onChange: () => void}} parts */
export function createSources({ unknownUrl, onChange }) {
  const element = el('ul', { class: 'pictures', 'aria-label': 'Pictures to add', hidden: true });
  const rows = new Map();
  /** @type {Source[]} */
  let list = [];
  let last = 0;
  /** @type {Source[]} as the form had them */
  let sent = [];

  function put(next) {
    list = next;
    setHidden(element, list.length === 0);
    for (const [number, row] of rows) if (!list.some((source) => source.number === number)) row.free();
    keyed(element, list, rows, { key: (source) => source.number, make: createRow, update: (row, source) => row.setState(source) });
    onChange();
  }

  const numbered = (fields) => ({ number: ++last, verdict: '', ...fields });
  const wanted = () => list.filter(({ verdict }) => verdict === '');
  const remove = (number) => put(list.filter((source) => source.number !== number));

  function createRow(source) {
    const url = source.file ? URL.createObjectURL(source.file) : null;
    const image = source.live?.preview ?? el('img', { src: url ?? unknownUrl(source.id), alt: '', onerror: () => setHidden(image, true) });
    const verdict = el('span', { class: 'verdict', 'data-testid': 'source-verdict' });
    const off = iconButton('close', `Leave out ${source.name}`, { class: 'icon-button remove', 'data-testid': 'source-remove', onclick: () => remove(source.number) });
    const row = el('li', { class: 'picture', 'data-testid': 'source', title: source.name }, el('span', { class: 'thumb' }, image, off), el('span', { class: 'source-name' }, source.name), verdict);
    return {
      element: row,
      free: () => { if (url) URL.revokeObjectURL(url); },
      setState({ verdict: words }) { setText(verdict, words); row.classList.toggle('is-refused', words !== ''); },
    };
  }

  /** Gives each refusal to its picture; what was left out meanwhile is the rest. */
  function matched(refused) {
    const numberOf = ({ picture }) => sent[picture]?.number;
    const isHere = (one) => list.some(({ number }) => number === numberOf(one));
    return {
      verdicts: new Map(refused.filter(isHere).map((one) => [numberOf(one), one.verdict])),
      rest: refused.filter((one) => !isHere(one)),
    };
  }

  const judged = (verdicts) => list.map((source) => ({ ...source, verdict: verdicts.get(source.number) ?? source.verdict }));

  return {
    element,
    clear: () => put([]),
    /** How many shall be sent: those that were refused once are not sent again. */
    number: () => wanted().length,
    bytes: () => wanted().reduce((sum, { file }) => sum + (file?.size ?? 0), 0),
    addFiles(files) {
      if (files.length) put([...list, ...files.map((file) => numbered({ kind: 'file', name: file.name, file }))]);
    },
    addUnknown(faces) {
      if (faces.length) put([...list, ...faces.map(({ id, camera_name: name }) => numbered({ kind: 'unknown', name: name || 'unknown face', id }))]);
    },
    /** The hub takes one face of one camera at a time. */
    setLive: (live) => put([...list.filter(({ kind }) => kind !== 'camera'), numbered({ kind: 'camera', name: live.camera.name, live })]),
    /** @param {FormData} data */
    fill(data) {
      sent = KINDS.flatMap((each) => wanted().filter(({ kind }) => kind === each));
      for (const { kind, file, id, live } of sent) {
        if (kind === 'file') data.append('pictures', file, file.name);
        else if (kind === 'unknown') data.append('unknown', id);
        else {
          data.set('camera', live.camera.id);
          if (live.track_id !== null) data.set('track_id', String(live.track_id));
        }
      }
    },
    /** Marks what was refused. @returns {import('../lib/types.js').RejectedPicture[]} what is none of these */
    refuse(refused) {
      const { verdicts, rest } = matched(refused);
      put(judged(verdicts));
      return rest;
    },
    /** The others have been taken. */
    keepOnly(refused) {
      const { verdicts, rest } = matched(refused);
      put(judged(verdicts).filter(({ verdict }) => verdict !== ''));
      return rest;
    },
  };
}
