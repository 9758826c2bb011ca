/**
 * What the page gives its widgets. types.js has what arrives from the hub.
 *
 * @typedef {object} PaintReport  how it goes with the pictures of one camera
 * @property {number|null} captured_at  of the picture that is shown, UNIX seconds; null before the first
 * @property {boolean} broken  the newest could not be decoded
 * @property {number|null} shape  width / height
 * @property {number} fps  painted a second
 * @property {boolean} empty  nothing is drawn over it
 * @property {Object<string, number|null>} counters  since the page was opened; ages are those of the last pictures
 *
 * @typedef {object} Look  what a canvas has to be told of the page's style
 * @property {string[]} hues
 * @property {string} outline
 * @property {string} tag
 * @property {string} words
 * @property {string} font
 *
 * @typedef {object} Asked  what is asked for of one camera
 * @property {Pick<import('./types.js').CameraView, 'options'|'objects'>} camera
 * @property {import('./types.js').Option[]} options  that there are
 * @property {boolean} failing  nothing can be found now
 *
 * @typedef {object} Found  what results say about a picture
 * @property {'aligned'|'predicted'|'none'} source  of results at or around it, or of one before it
 * @property {import('./types.js').NewResult|null} result  at its time; what fades has `alpha`, 0 to 1
 * @property {number[]} from  when the frames of these results were captured
 *
 * @typedef {Found & {picture: import('./types.js').PictureHead}} Drawn  what lies over the picture that is shown
 *
 * @typedef {'connecting'|'live'|'lost'|'unable'} Link  unable: this browser cannot show pictures
 *
 * @typedef {object} Layers  what is drawn over pictures, where it is known
 * @property {boolean} boxes
 * @property {boolean} points
 * @property {boolean} names
 *
 * @typedef {object} View  what every widget is given
 * @property {Link} link
 * @property {import('./types.js').CameraView[]} cameras  approved ones, oldest first, with the viewer's wishes applied
 * @property {import('./types.js').CameraView[]} inView  those of the view that is shown, in the order of the tiles
 * @property {import('./types.js').CameraView[]} chosen  those that a button acts on: the selected ones, or the open one
 * @property {import('./types.js').CameraView[]} pending
 * @property {import('./types.js').EngineStatusView|null} status
 * @property {(import('./types.js').Option & {icon: string})[]} options
 * @property {Set<string>} selected  of those in view
 * @property {boolean} onlySelected
 * @property {string|null} opened  the camera that the address names; it may not be there
 * @property {string|null} enlarged  the camera that is open
 * @property {import('./types.js').ViewShown[]|null} views  null: not known yet
 * @property {string|null} viewName  null: all cameras are in view
 * @property {number|null} columns  null: as fill the window best
 * @property {number|null} shape  of cells, width / height; null: the usual one
 * @property {Layers} layers
 * @property {boolean} asideHidden
 * @property {boolean} aligned  pictures are held back for what is found in them
 * @property {number} holdBack_s  for so long at most
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
 *
 * @typedef {object} AccountState  what the page Accounts knows beside the View
 * @property {import('./types.js').Me|null} me  null: not known yet
 * @property {import('./types.js').User[]|null} users  null: not known, or not for this caller
 * @property {import('./types.js').SessionView[]} sessions  of the caller; of an administrator all
 * @property {import('./types.js').TokenView[]} tokens  of the caller
 * @property {string} trouble  why it could not be loaded
 *
 * @typedef {View & AccountState & {now_s: number, named: import('./types.js').CameraView[]}} AccountsView
 *   named: all that have a name, those too that wait for approval
 */

export {};
