/**
 * What arrives from the hub; see docs/protocol.md and docs/api.md.
 * Made of the hub's types by `python -m scripts.types_js`: change those, not this file.
 *
 * @typedef {object} AgentCommand  The commands that start an agent; they contain the agent token.
 * @property {string} hub
 * @property {string} linux
 * @property {string} windows
 * @property {boolean} only_this_machine
 *
 * @typedef {object} Audit  The newest changes, newest first.
 * @property {AuditEntry[]} entries
 *
 * @typedef {object} AuditEntry  What was changed about people; without names.
 * @property {number} at  UNIX seconds.
 * @property {string} action
 * @property {string|null} person  An id.
 * @property {string|null} other  An id: who was merged into that person.
 * @property {string} by
 * @property {string} detail
 *
 * @typedef {object} CameraGone  A camera was forgotten or rejected.
 * @property {'gone'} type
 * @property {string} camera
 *
 * @typedef {object} CameraView  A camera as the API and the page show it.
 * @property {string} id  The hub's name for it: random, lasting.
 * @property {string} name
 * @property {string} address  IP address and port where its agent serves.
 * @property {string|null} source  What the agent captures, without user and password.
 * @property {string|null} version  The agent's.
 * @property {State} state
 * @property {string|null} state_reason
 * @property {number} state_since  UNIX seconds.
 * @property {number|null} width  Of the newest frame; before it, as announced.
 * @property {number|null} height
 * @property {number|null} fps  The camera's own rate.
 * @property {number} received_fps  What the hub pulls.
 * @property {boolean} still  Nothing moves, so most frames are not sent.
 * @property {number} analysed_fps  Results a second.
 * @property {string|null} analysis_error  Why there are no results.
 * @property {Motion|null} motion  Null: no option is on, or it is not online.
 * @property {number|null} age_ms  How old the newest picture is now.
 * @property {number|null} people  People in the newest result.
 * @property {('faces'|'landmarks'|'recognition'|'objects'|'people')[]} options  What is switched on.
 * @property {ObjectSettings} objects
 * @property {Dropped} dropped
 * @property {number} registered_at  UNIX seconds.
 * @property {number} last_seen  UNIX seconds.
 *
 * @typedef {object} Cameras  Cameras, oldest first.
 * @property {CameraView[]} cameras
 *
 * @typedef {object} CamerasChanged  Cameras that have changed, whole.
 * @property {'cameras'} type
 * @property {CameraView[]} cameras
 *
 * @typedef {object} Consent  Who says that a person agreed, and when.
 * @property {string} by
 * @property {number} at  UNIX seconds.
 *
 * @typedef {object} DetectedObject  An object; its box in pixels of the picture.
 * @property {[number, number, number, number]} box  x1, y1, x2, y2.
 * @property {number} score
 * @property {string} label
 * @property {number} label_id
 * @property {number|null} track_id  The same for the same thing from frame to frame.
 * @property {[number, number]|null} velocity  Of the box, x and y, in pixels a second; null: not followed yet.
 *
 * @typedef {object} DistancesShown  Distances between pictures, beside the thresholds: at most 5000 of each, rising.
 * @property {number[]} genuine  Between pictures of one person.
 * @property {number[]} impostor  Between pictures of two.
 * @property {number} known_below
 * @property {number} perhaps_below
 *
 * @typedef {object} Dropped  What was given up: frames for newer ones since the camera came online, by hop, and events.
 * @property {number} agent
 * @property {number} worker
 * @property {number} viewers
 * @property {number} events
 *
 * @typedef {object} EngineStatusView  The engine, and what each option gets of what it wants, in frames a second.
 * @property {'failed'|'off'|'ready'|'starting'} engine
 * @property {string|null} engine_reason
 * @property {string|null} device  CPU or GPU.
 * @property {string|null} device_reason  Why not the GPU.
 * @property {ModelInfo[]} models
 * @property {Object<string, number>} analysed_fps
 * @property {Object<string, number>} wanted_fps
 *
 * @typedef {object} Enrolled  A person after an enrolment.
 * @property {string} id  Random, lasting; what the audit names.
 * @property {string} name  Printable characters.
 * @property {Consent} consent
 * @property {FacePicture[]} pictures
 * @property {string|null} warning  Such as: looks like somebody else.
 * @property {LastSeen|null} last_seen
 * @property {RejectedPicture[]} rejected
 *
 * @typedef {object} Error  Why a request is not done.
 * @property {string} error
 * @property {string} message  One sentence that a person can act on.
 * @property {string} [page]  The hub's page where that is done.
 *
 * @typedef {object} Face  A face; boxes and points in pixels of the picture.
 * @property {[number, number, number, number]} box  x1, y1, x2, y2.
 * @property {number} score
 * @property {number|null} track_id  The same for the same thing from frame to frame.
 * @property {[number, number]|null} velocity  Of the box, x and y, in pixels a second; null: not followed yet.
 * @property {[[number, number], [number, number], [number, number], [number, number], [number, number]]|null} points  The detector's own; null where it gives none.
 * @property {[number, number][]|null} landmarks  Null: not asked for.
 * @property {boolean|null} landmarks_guessed  The head is turned or the fit is poor. Null: no landmarks.
 * @property {Match|null} person  Null: nobody known, or not asked for.
 * @property {Identity|null} identity  Null: not asked for.
 *
 * @typedef {object} FacePicture  A picture by which a person is known.
 * @property {string} id
 * @property {boolean} used  Whether faces are compared with it.
 * @property {string} verdict  `good`, or its flaws in words.
 * @property {number} quality
 * @property {number} added_at  UNIX seconds.
 * @property {'camera'|'unknown'|'upload'} source
 *
 * @typedef {object} Hello  The first message to a viewer: everything.
 * @property {'hello'} type
 * @property {string} version
 * @property {number} hub_time  UNIX seconds.
 * @property {Option[]} options  In the order of their buttons.
 * @property {CameraView[]} cameras
 * @property {EngineStatusView} status
 *
 * @typedef {object} Identity  Who a face is or may be, and how well that can be told.
 * @property {'known'|'perhaps'|'undecided'|'unknown'} state
 * @property {string|null} id  Of the person, where known or perhaps.
 * @property {string|null} name
 * @property {number|null} distance  To the nearest person.
 * @property {number} quality  How well the face can be recognised.
 * @property {('blurred'|'hardly a face'|'too bright'|'too dark'|'too small'|'turned away')[]} flaws
 *
 * @typedef {object} Label  What an object can be called.
 * @property {number} id
 * @property {string} name
 * @property {boolean} taught  False: no object is called so by the model.
 *
 * @typedef {object} Labels  All labels, by number.
 * @property {Label[]} labels
 *
 * @typedef {object} LastSeen  Where and when a person was seen last.
 * @property {string} camera
 * @property {number} at  UNIX seconds.
 *
 * @typedef {object} Match  Who a face is.
 * @property {string} id
 * @property {string} name
 * @property {number} distance
 *
 * @typedef {object} ModelInfo  What the engine's status says of one model; what it is, once it is ready.
 * @property {string} task  What the model is for.
 * @property {'failed'|'ready'|'starting'} state
 * @property {string|null} model
 * @property {string|null} precision
 * @property {string|null} precision_reason  Why not a faster one.
 * @property {string|null} device  CPU or GPU.
 * @property {string|null} reason  Why it cannot be used, or is not on the GPU.
 *
 * @typedef {object} Motion  Whether a scene rests.
 * @property {boolean} quiet  Nothing moves.
 * @property {number} skipped  Due frames not analysed, since it came online.
 * @property {number} skipped_fps
 *
 * @typedef {object} NewResult  The newest result of a watched camera.
 * @property {'result'} type
 * @property {string} camera_id
 * @property {number} seq  The agent's number of the frame; -1 where it sends none.
 * @property {number} captured_at  UNIX seconds.
 * @property {number} processed_at  UNIX seconds.
 * @property {number} unchanged_until  When the newest picture was captured that shows the same scene.
 * @property {number} width
 * @property {number} height
 * @property {number} scene  Another number after each cut: what is of two scenes is not related.
 * @property {('faces'|'landmarks'|'recognition'|'objects'|'people')[]} options
 * @property {Face[]|null} faces  Null: not asked for. Empty: none found.
 * @property {DetectedObject[]|null} objects  Null: not asked for. Empty: none found.
 * @property {number|null} people  Null: not asked for.
 *
 * @typedef {object} NoUsableFaces  The refusal of an enrolment of which no picture can be used.
 * @property {'no-usable-face'} error
 * @property {string} message
 * @property {RejectedPicture[]} pictures
 *
 * @typedef {object} NotUnderstood  A message of the viewer was not understood: an error's kind and a sentence.
 * @property {'error'} type
 * @property {string} error
 * @property {string} message
 *
 * @typedef {object} ObjectSettings  Which objects of a camera are shown.
 * @property {number} min_score  Objects are shown from this score up.
 * @property {string[]|null} labels  Only these are shown. Null: all.
 *
 * @typedef {object} Option  One kind of analysis, as `hello` tells it to the page.
 * @property {string} name
 * @property {string} label
 * @property {string[]} tasks
 * @property {'faces'|'objects'|'people'} brings
 * @property {string[]} adds
 * @property {boolean} identifies
 * @property {[number, number]|null} min_scores
 *
 * @typedef {object} OptionAnswer  What is on now, or why it could not be switched.
 * @property {('faces'|'landmarks'|'recognition'|'objects'|'people')[]} [options]
 * @property {string} [error]
 * @property {string} [message]
 * @property {'faces'} [page]  Of the hub, where it can be put right.
 *
 * @typedef {object} OptionAnswers  What became of each camera, by id.
 * @property {Object<string, OptionAnswer>} cameras
 *
 * @typedef {object} People  Everybody who is known by face.
 * @property {Person[]} people
 *
 * @typedef {object} Person  Somebody who is known by face.
 * @property {string} id  Random, lasting; what the audit names.
 * @property {string} name  Printable characters.
 * @property {Consent} consent
 * @property {FacePicture[]} pictures
 * @property {string|null} warning  Such as: looks like somebody else.
 * @property {LastSeen|null} last_seen
 *
 * @typedef {object} PictureHead  The header of a picture on its way to a viewer.
 * @property {string} camera
 * @property {number} seq
 * @property {number} captured_at  UNIX seconds.
 * @property {number} dropped
 * @property {number|null} scene
 *
 * @typedef {object} Pong  The answer to a ping.
 * @property {'pong'} type
 * @property {number} t
 * @property {number} hub_time  UNIX seconds.
 *
 * @typedef {object} RejectedPicture  A picture that is not kept, and why.
 * @property {number} picture  Its place in the form: files, then unknown faces, then the camera's.
 * @property {string} file
 * @property {string} verdict
 *
 * @typedef {object} Settings  Settings of recognition as the API shows them.
 * @property {boolean} recognition  Whether faces may be recognised at all.
 * @property {boolean} keep_unknown  Whether unknown faces are kept for a while.
 * @property {number} unknown_hours  For how long they are kept.
 * @property {number} known_below  A face nearer than this is that person.
 * @property {number} perhaps_below  A face nearer than this is perhaps.
 * @property {number} sightings_days  For how long visits are kept.
 * @property {boolean} recognition_allowed  False: the configuration switched it off for good.
 *
 * @typedef {object} Sighting  A visit of a person.
 * @property {string} person
 * @property {string} name
 * @property {string} camera
 * @property {string|null} camera_name  Null: the camera was forgotten.
 * @property {number} first_at  UNIX seconds.
 * @property {number} last_at  UNIX seconds.
 * @property {number} distance  The best of the visit.
 *
 * @typedef {object} Sightings  Visits, newest first.
 * @property {Sighting[]} sightings
 *
 * @typedef {'connecting'|'offline'|'online'|'pending'|'stalled'} State  What a camera is doing; the words that users see.
 *
 * @typedef {object} StatusChanged  The engine's status has changed.
 * @property {'status'} type
 * @property {'failed'|'off'|'ready'|'starting'} engine
 * @property {string|null} engine_reason
 * @property {string|null} device  CPU or GPU.
 * @property {string|null} device_reason  Why not the GPU.
 * @property {ModelInfo[]} models
 * @property {Object<string, number>} analysed_fps
 * @property {Object<string, number>} wanted_fps
 *
 * @typedef {object} UnknownFace  A face that nobody has named.
 * @property {string} id
 * @property {string} camera
 * @property {string|null} camera_name  Null: the camera was forgotten.
 * @property {number} seen_at  UNIX seconds.
 * @property {number} quality
 * @property {string} verdict  `good`, or its flaws in words.
 * @property {('blurred'|'hardly a face'|'too bright'|'too dark'|'too small'|'turned away')[]} flaws
 *
 * @typedef {object} UnknownFaces  The unknown faces that are kept where that is switched on, newest first.
 * @property {UnknownFace[]} faces
 */

export {};
