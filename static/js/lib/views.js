/**
 * What the page gives its widgets. types.js has what arrives from the hub.
 *
 * @typedef {object} PaintReport  how it goes with the pictures of one camera
 * @property {number|null} captured_at  of the picture that is shown, UNIX seconds; null before the first
 * @property {boolean} broken  the newest could not be decoded
 * @property {number|null} shape  width / height
 * @property {number} fps  painted a second
 * @property {Object<string, number|null>} counters  since the page was opened; ages are those of the last pictures
 *
 * @typedef {'connecting'|'live'|'lost'} Link
 *
 * @typedef {object} View  what every widget is given
 * @property {Link} link
 * @property {import('./types.js').CameraView[]} cameras  approved ones, in the order of the tiles, with the viewer's
 *   wishes applied
 * @property {import('./types.js').CameraView[]} pending
 * @property {import('./types.js').EngineStatusView|null} status
 * @property {(import('./types.js').Option & {icon: string})[]} options
 * @property {Set<string>} selected
 * @property {boolean} onlySelected
 * @property {string|null} enlarged
 * @property {boolean} asideHidden
 *
 * @typedef {object} GalleryState  what the page Faces knows beside the View
 * @property {import('./types.js').Settings|null} settings
 * @property {import('./types.js').Person[]|null} people  null: not known yet
 * @property {import('./types.js').UnknownFace[]} unknown
 * @property {import('./types.js').Sighting[]} sightings
 * @property {{genuine: number[], impostor: number[]}} distances
 * @property {string} trouble  why it could not be loaded
 *
 * @typedef {View & GalleryState & {now_s: number}} FacesView
 */

export {};
