/**
 * The shapes that arrive from the hub; see docs/protocol.md and docs/api.md.
 *
 * @typedef {object} Camera
 * @property {string} id
 * @property {string} name
 * @property {string} address
 * @property {string} [source]
 * @property {'pending'|'connecting'|'online'|'stalled'|'offline'} state
 * @property {string|null} state_reason
 * @property {number} state_since  UNIX seconds, hub's clock
 * @property {number|null} width
 * @property {number|null} height
 * @property {number|null} fps  the camera's own rate
 * @property {number|null} people
 * @property {string[]} options
 * @property {ObjectSettings} objects
 * @property {{quiet: boolean, skipped: number, skipped_fps: number}|null} [motion]
 * @property {string|null} [analysis_error]
 * @property {number} [registered_at]
 *
 * @typedef {{min_score: number, labels: string[]|null}} ObjectSettings  null: all labels
 *
 * @typedef {{id: number, name: string, taught: boolean}} Label
 *
 * @typedef {object} Face
 * @property {number[]} box  x1, y1, x2, y2 in pixels of the frame
 * @property {number} score
 * @property {number|null} track_id
 * @property {number[][]|null} landmarks
 * @property {{id: string, name: string}|null} person
 *
 * @typedef {object} Thing
 * @property {number[]} box  x1, y1, x2, y2 in pixels of the frame
 * @property {number} score
 * @property {string} label
 * @property {number} label_id
 * @property {number|null} track_id
 *
 * @typedef {object} Result
 * @property {string} camera_id
 * @property {number} seq
 * @property {number} captured_at
 * @property {number} [unchanged_until]  nothing had moved by then
 * @property {number} width
 * @property {number} height
 * @property {string[]} options
 * @property {Face[]|null} faces
 * @property {Thing[]|null} objects
 * @property {number|null} people
 *
 * @typedef {object} Status
 * @property {'off'|'starting'|'ready'|'failed'} engine
 * @property {string|null} engine_reason
 * @property {string|null} device
 * @property {string|null} device_reason
 * @property {Object<string, number>} analysed_fps
 * @property {Object<string, number>} wanted_fps
 * @property {Model[]} [models]
 *
 * @typedef {object} Model  one that works on a task, or why none does
 * @property {string} task
 * @property {'starting'|'ready'|'failed'} state
 * @property {string} [model]
 * @property {string} [precision]
 * @property {string|null} [precision_reason]
 * @property {string} [device]
 * @property {string|null} reason
 *
 * @typedef {{camera: string, seq: number, captured_at: number, dropped: number}} PictureHeader
 *
 * @typedef {'connecting'|'live'|'lost'} Link
 *
 * @typedef {object} View  what every widget is given
 * @property {Link} link
 * @property {Camera[]} cameras  approved ones, in the order of the tiles, with the user's wishes applied
 * @property {Camera[]} pending
 * @property {Status|null} status
 * @property {{name: string, label: string, icon: string}[]} options
 * @property {Set<string>} selected
 * @property {boolean} onlySelected
 * @property {string|null} enlarged
 * @property {boolean} asideHidden
 */

export {};
