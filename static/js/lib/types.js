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
 * @property {boolean} [still] nothing moves, so most frames are not sent
 * @property {{quiet: boolean, skipped: number, skipped_fps: number}|null} [motion]
 * @property {string|null} [analysis_error]
 * @property {number} [registered_at]
 *
 * @typedef {{min_score: number, labels: string[]|null}} ObjectSettings  null: all labels
 *
 * @typedef {{id: number, name: string, taught: boolean}} Label
 *
 * @typedef {object} Option
 * @property {string} name
 * @property {string} label
 * @property {string[]} tasks  the models that it needs; the first alone is enough for what it brings
 * @property {string} brings  the field of a result that it fills
 * @property {string[]} adds  the fields that it fills of everything in there
 * @property {boolean} identifies  it tells who somebody is
 * @property {[number, number]|null} min_scores  the lowest and highest threshold that may be set
 *
 * @typedef {object} Face
 * @property {number[]} box  x1, y1, x2, y2 in pixels of the frame
 * @property {number} score
 * @property {number|null} track_id
 * @property {[number, number]|null} velocity  of the box, pixels a second
 * @property {number[][]|null} landmarks
 * @property {{id: string, name: string}|null} person
 * @property {Identity|null} [identity]  null while recognition was not asked for
 *
 * @typedef {object} Identity
 * @property {'known'|'perhaps'|'unknown'|'undecided'} state
 * @property {string|null} id
 * @property {string|null} name
 * @property {number|null} distance
 * @property {number} quality
 * @property {string[]} flaws  why it cannot be compared, in words
 *
 * @typedef {object} Thing
 * @property {number[]} box  x1, y1, x2, y2 in pixels of the frame
 * @property {number} score
 * @property {string} label
 * @property {number} label_id
 * @property {number|null} track_id
 * @property {[number, number]|null} velocity  of the box, pixels a second
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
 * @typedef {object} PaintReport  how it goes with the pictures of one camera
 * @property {number|null} captured_at  of the picture that is shown, UNIX seconds; null before the first
 * @property {boolean} broken  the newest could not be decoded
 * @property {number|null} shape  width / height
 * @property {number} fps  painted a second
 * @property {Object<string, number|null>} counters  since the page was opened; the ages are those of the last pictures when painted
 *
 * @typedef {'connecting'|'live'|'lost'} Link
 *
 * @typedef {object} View  what every widget is given
 * @property {Link} link
 * @property {Camera[]} cameras  approved ones, in the order of the tiles, with the user's wishes applied
 * @property {Camera[]} pending
 * @property {Status|null} status
 * @property {(Option & {icon: string})[]} options
 * @property {Set<string>} selected
 * @property {boolean} onlySelected
 * @property {string|null} enlarged
 * @property {boolean} asideHidden
 *
 * @typedef {object} FaceSettings
 * @property {boolean} recognition
 * @property {boolean} recognition_allowed  by the configuration
 * @property {boolean} keep_unknown
 * @property {number} unknown_hours
 * @property {number} sightings_days
 * @property {number} known_below
 * @property {number} perhaps_below
 *
 * @typedef {object} Person
 * @property {string} id
 * @property {string} name
 * @property {{by: string|null, at: number}|null} consent
 * @property {FacePicture[]} pictures
 * @property {string|null} warning
 * @property {{camera: string, at: number}|null} last_seen
 *
 * @typedef {{id: string, used: boolean, verdict: string, quality: number, added_at: number, source: string}} FacePicture
 *
 * @typedef {{picture: number, file: string, verdict: string}} Refused  picture: the how manieth of the form, from 0
 *
 * @typedef {Person & {rejected?: Refused[]}} Enrolled
 *
 * @typedef {object} Sighting
 * @property {string} person
 * @property {string} name
 * @property {string} camera
 * @property {string} camera_name
 * @property {number} first_at
 * @property {number} last_at
 * @property {number} distance
 *
 * @typedef {{id: string, camera: string, camera_name: string, seen_at: number, quality: number, verdict: string, flaws: string[]}} UnknownFace
 *
 * @typedef {object} GalleryState  what the page Faces knows beside the View
 * @property {FaceSettings|null} settings
 * @property {Person[]|null} people  null: not known yet
 * @property {UnknownFace[]} unknown
 * @property {Sighting[]} sightings
 * @property {{genuine: number[], impostor: number[]}} distances
 * @property {string} trouble  why it could not be loaded
 *
 * @typedef {View & GalleryState & {now_s: number}} FacesView
 */

export {};
