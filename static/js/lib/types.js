/**
 * What arrives from the hub; see docs/protocol.md and docs/api.md.
 * Made of the hub's types by `python -m scripts.types_js`: change those, not this file.
 *
 * @typedef {object} AgentCommand  The commands for the caller's own computer, and for others.
 * @property {string} hub
 * @property {string} linux
 * @property {string} windows
 * @property {boolean} only_this_machine
 * @property {string} program  What runs the hub's commands on its machine.
 * @property {Commands|null} elsewhere  For other computers; null: none of them reaches this hub.
 *
 * @typedef {object} Audit  The entries, newest first.
 * @property {AuditEntry[]} entries
 *
 * @typedef {object} AuditEntry  A change, and who made it. It has no names of people.
 * @property {string} id  Newer entries have higher numbers.
 * @property {number} at  UNIX seconds.
 * @property {string} action
 * @property {AuditKind} kind
 * @property {string|null} subject  Its id, or the name of an account. Null: several, or one.
 * @property {string|null} person  The id of a person, if it is about one.
 * @property {string|null} other  The id of the person who was merged in.
 * @property {string} by  An account, or what stands for it.
 * @property {string} via  The credential. Empty: not known, or the hub itself.
 * @property {string} address  A literal address. Empty: not known, or none.
 * @property {string} detail
 *
 * @typedef {'account'|'agent-token'|'camera'|'event'|'person'|'session'|'settings'|'token'|'unknown-face'|'view'} AuditKind  What a change is about.
 *
 * @typedef {object} CameraGone  A camera was forgotten or rejected.
 * @property {'gone'} type
 * @property {string} camera
 *
 * @typedef {object} CameraStorage  What a camera's clips and pictures take.
 * @property {string} camera
 * @property {number} bytes
 * @property {number} bytes_a_day  Over the last seven days.
 *
 * @typedef {object} CameraView  A camera as the API and the page show it.
 * @property {string} id  The camera's identity in the hub. It never changes.
 * @property {string} name
 * @property {string} address  IP address and port of its agent. Of a camera that the hub fetches itself: host, and port if it is given.
 * @property {string|null} source  The captured source, without user and password.
 * @property {string|null} version  The version of the agent.
 * @property {State} state
 * @property {string|null} state_reason
 * @property {number} state_since  UNIX seconds.
 * @property {boolean} wrong_token  It is pending, and its agent sent a token that is not the hub's.
 * @property {boolean} by_hub  The hub itself runs its agent, so its source can be changed.
 * @property {boolean} proven  Agent and hub prove their keys to each other (protocol 2).
 * @property {number|null} width  Of the newest frame; before the first, as announced.
 * @property {number|null} height
 * @property {number|null} fps  The camera's own rate.
 * @property {number} received_fps  Frames per second that the hub receives.
 * @property {boolean} still  Nothing moves, so the agent sends few frames.
 * @property {number} analysed_fps  Results per second.
 * @property {string|null} analysis_error  Why there are no results.
 * @property {Motion|null} motion  Null: no option is on, or it is not online.
 * @property {Sight|null} sight  Null: no option is on, it is not online, or all is looked at in full.
 * @property {number|null} age_ms  The age of the newest picture.
 * @property {number|null} people  People in the newest result.
 * @property {('faces'|'landmarks'|'recognition'|'objects'|'people')[]} options  The options that are on.
 * @property {ObjectSettings} objects
 * @property {Recording} recording
 * @property {'agent'|'hub'|'hub-for-now'|null} masked_by
 * @property {Object<string, string>} zones  The names of its zones by id.
 * @property {Dropped} dropped
 * @property {number} registered_at  UNIX seconds.
 * @property {number} last_seen  UNIX seconds.
 *
 * @typedef {object} CameraZones  The zones, lines and masks of a camera.
 * @property {Zone[]} zones
 * @property {Line[]} lines
 * @property {Mask[]} masks
 *
 * @typedef {object} Cameras  Cameras, oldest first.
 * @property {CameraView[]} cameras
 *
 * @typedef {object} CamerasChanged  Cameras that have changed, with all their fields.
 * @property {'cameras'} type
 * @property {CameraView[]} cameras
 *
 * @typedef {object} CheckFinding  The result of one check of `convergecast doctor`.
 * @property {'note'|'ok'|'problem'} grade  Note: works, but worth knowing.
 * @property {string} what
 * @property {string} said  With its mend.
 *
 * @typedef {object} CheckFindings  What `convergecast doctor` says of this machine.
 * @property {CheckFinding[]} findings
 *
 * @typedef {object} Clip  What is recorded of an event.
 * @property {number} from  UNIX seconds.
 * @property {number} to  UNIX seconds.
 * @property {number} frames
 * @property {number} bytes
 *
 * @typedef {object} Commands  The commands that start an agent; they contain the agent token.
 * @property {string} hub
 * @property {string} linux
 * @property {string} windows
 *
 * @typedef {object} Consent  The record of a person's consent: who recorded it, and when.
 * @property {string} by
 * @property {number} at  UNIX seconds.
 *
 * @typedef {object} CountedMinute  The count of people in one minute.
 * @property {string} camera
 * @property {number} at  UNIX seconds.
 * @property {number} mean  The mean over time.
 * @property {number} max
 * @property {number} known_s  For how many seconds the count is known.
 *
 * @typedef {object} CrossedMinute  How often a line was crossed in one minute.
 * @property {string} camera
 * @property {string} line  `id` of the line.
 * @property {number} at  UNIX seconds.
 * @property {number} in
 * @property {number} out
 *
 * @typedef {object} CrossingView  A crossing of a line.
 * @property {string} line
 * @property {string} name
 * @property {'in'|'out'} direction
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
 * @typedef {object} DistancesShown  Distances between pictures, at most 5000 of each kind, rising, and the thresholds.
 * @property {number[]} genuine  Between pictures of the same person.
 * @property {number[]} impostor  Between pictures of different people.
 * @property {number} known_below
 * @property {number} perhaps_below
 *
 * @typedef {object} Dropped  How many frames were dropped for newer ones, by hop, and how many events were lost.
 * @property {number} agent
 * @property {number} worker
 * @property {number} viewers
 * @property {number} events
 *
 * @typedef {object} EngineStatusView  The engine's status, with the wanted and analysed frames per second of each option.
 * @property {'failed'|'off'|'ready'|'starting'} engine
 * @property {string|null} engine_reason
 * @property {string|null} device  CPU or GPU.
 * @property {string|null} device_reason  Why it is not the GPU.
 * @property {ModelInfo[]} models
 * @property {Object<string, number>} analysed_fps
 * @property {Object<string, number>} wanted_fps
 *
 * @typedef {object} Enrolled  A person after an enrolment.
 * @property {string} id  Random, never changes. The audit log uses it.
 * @property {string} name  Printable characters.
 * @property {Consent} consent
 * @property {FacePicture[]} pictures
 * @property {string|null} warning  Such as: looks like another person.
 * @property {LastSeen|null} last_seen
 * @property {RejectedPicture[]} rejected
 *
 * @typedef {object} Error  The reason why a request failed.
 * @property {string} error
 * @property {string} message  One sentence that a person can act on.
 * @property {string} [page]  The page of the hub to act on.
 *
 * @typedef {object} EventChanged  An event is new, has changed, or is over.
 * @property {'event'} type
 * @property {string} id  Newer events have higher numbers.
 * @property {string} camera
 * @property {string|null} camera_name  Null: the camera is gone.
 * @property {EventKind} kind
 * @property {string|null} subkind
 * @property {string|null} label
 * @property {Match|null} person  Who a face is, or may be (`perhaps`).
 * @property {number|null} track_id  The same for the same thing from frame to frame.
 * @property {Severity} severity
 * @property {number} started_at  UNIX seconds.
 * @property {number|null} ended_at  Null while it lasts.
 * @property {number|null} peak_at  When the picture was taken.
 * @property {number|null} score
 * @property {string|null} reason  Why it happened, for people.
 * @property {EventPictureView|null} picture  Null: there is none.
 * @property {VisitView[]} zones
 * @property {CrossingView[]} crossings
 * @property {boolean} kept  It is not deleted for room.
 * @property {Clip|null} clip  Null: nothing is recorded; see `clip_reason`.
 * @property {string|null} clip_reason
 * @property {'end'|'new'|'update'} change
 *
 * @typedef {'camera'|'crossing'|'face'|'seen'|'system'} EventKind  The subject of an event.
 *
 * @typedef {object} EventPictureView  The picture of an event, and where in it the thing is.
 * @property {number} at  UNIX seconds.
 * @property {number} width
 * @property {number} height
 * @property {[number, number, number, number]} box  x1, y1, x2, y2.
 *
 * @typedef {object} EventView  An event; `subkind` says more about its kind.
 * @property {string} id  Newer events have higher numbers.
 * @property {string} camera
 * @property {string|null} camera_name  Null: the camera is gone.
 * @property {EventKind} kind
 * @property {string|null} subkind
 * @property {string|null} label
 * @property {Match|null} person  Who a face is, or may be (`perhaps`).
 * @property {number|null} track_id  The same for the same thing from frame to frame.
 * @property {Severity} severity
 * @property {number} started_at  UNIX seconds.
 * @property {number|null} ended_at  Null while it lasts.
 * @property {number|null} peak_at  When the picture was taken.
 * @property {number|null} score
 * @property {string|null} reason  Why it happened, for people.
 * @property {EventPictureView|null} picture  Null: there is none.
 * @property {VisitView[]} zones
 * @property {CrossingView[]} crossings
 * @property {boolean} kept  It is not deleted for room.
 * @property {Clip|null} clip  Null: nothing is recorded; see `clip_reason`.
 * @property {string|null} clip_reason
 *
 * @typedef {object} Events  Events, newest first.
 * @property {EventView[]} events
 *
 * @typedef {object} Face  A face; boxes and points in pixels of the picture.
 * @property {[number, number, number, number]} box  x1, y1, x2, y2.
 * @property {number} score
 * @property {number|null} track_id  The same for the same thing from frame to frame.
 * @property {[number, number]|null} velocity  Of the box, x and y, in pixels a second; null: not followed yet.
 * @property {[[number, number], [number, number], [number, number], [number, number], [number, number]]|null} points  The detector's own; null: none, or a profile.
 * @property {[number, number][]|null} landmarks  Null: not asked for.
 * @property {boolean|null} landmarks_guessed  The head is turned or the fit is poor. Null: no landmarks.
 * @property {Match|null} person  Null: nobody known, or not asked for.
 * @property {Identity|null} identity  Null: not asked for.
 * @property {[[number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number], [number, number]]} [mesh]  All points of the face mesh, in MediaPipe's order. Only where asked for.
 *
 * @typedef {object} FacePicture  An enrolled picture of a person.
 * @property {string} id
 * @property {boolean} used  Whether faces are compared with this picture.
 * @property {string} verdict  `good`, or its flaws in words.
 * @property {number} quality
 * @property {number} added_at  UNIX seconds.
 * @property {'camera'|'unknown'|'upload'} source
 *
 * @typedef {object} FoundCamera  A camera of the network that answers by ONVIF.
 * @property {string} address  Literal IP address.
 * @property {string} name
 * @property {string} source  Its address, without user and password.
 * @property {boolean} needs_password
 *
 * @typedef {object} FoundCameras  The cameras that answered.
 * @property {FoundCamera[]} found
 * @property {string|null} reason  Why none were looked for.
 *
 * @typedef {object} FrameView  A recorded frame.
 * @property {string} key  Names it: `/api/v1/events/ID/frames/KEY.jpg`.
 * @property {number} captured_at  UNIX seconds.
 * @property {Result|null} result  What was found in it, or in one up to a second before.
 *
 * @typedef {object} Frames  Recorded frames of an event, oldest first.
 * @property {FrameView[]} frames
 * @property {string|null} next  `after` for the rest. Null: this is all.
 *
 * @typedef {object} Hello  The first message to a viewer, with the whole state.
 * @property {'hello'} type
 * @property {string} version
 * @property {number} hub_time  UNIX seconds.
 * @property {number} hold_back_s  How long pictures are held back for their results, at most.
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
 * @typedef {object} Label  A label of an object.
 * @property {number} id
 * @property {string} name
 * @property {boolean} taught  False: the model never gives this label.
 *
 * @typedef {object} Labels  All labels, by number.
 * @property {Label[]} labels
 *
 * @typedef {object} LastSeen  Where and when a person was seen last.
 * @property {string} camera
 * @property {number} at  UNIX seconds.
 *
 * @typedef {object} Line  A line that things cross: `in` is from its left to its right, looking along it.
 * @property {string} [id]  Given by the hub where it is missing.
 * @property {string} name  Printable characters.
 * @property {[number, number]} from  x, y.
 * @property {[number, number]} to  x, y.
 * @property {string[]|null} [labels]  The labels that count. Null: all.
 *
 * @typedef {object} MadeToken  A new token.
 * @property {string} id  Newer sessions have higher numbers.
 * @property {string} name
 * @property {'admin'|'operator'|'viewer'} role
 * @property {string[]|null} cameras  `id`s of the cameras that exist for it. Null: all.
 * @property {number} created_at  UNIX seconds.
 * @property {number|null} expires_at  UNIX seconds. Null: never.
 * @property {string} token  Its text. It is shown this once.
 *
 * @typedef {object} Mask  A part of the picture in which motion or objects are ignored, or that nobody gets.
 * @property {string} [id]  Given by the hub where it is missing.
 * @property {'motion'|'objects'|'privacy'} kind
 * @property {[number, number][]} polygon
 *
 * @typedef {object} Match  Who a face is.
 * @property {string} id
 * @property {string} name
 * @property {number} distance
 *
 * @typedef {object} Me  The caller.
 * @property {string} name
 * @property {'admin'|'operator'|'viewer'} role
 * @property {string[]|null} cameras  `id`s of the cameras that exist for it. Null: all.
 * @property {'session'|'token'} kind
 *
 * @typedef {object} Minutes  The minutes with a known count, oldest first.
 * @property {CountedMinute[]} minutes
 * @property {CrossedMinute[]} lines  The minutes with crossings.
 *
 * @typedef {object} ModelInfo  A model's line in the engine's status. The model's details are known once it is ready.
 * @property {string} task  What the model is for.
 * @property {'failed'|'ready'|'starting'} state
 * @property {string|null} model
 * @property {string|null} precision
 * @property {string|null} precision_reason  Why not a faster one.
 * @property {string|null} device  CPU or GPU.
 * @property {string|null} path  `device`: all its stages are on the GPU.
 * @property {string|null} reason  Why it cannot be used, or is not on the GPU.
 *
 * @typedef {object} Motion  Whether a scene is quiet, and how many frames were skipped.
 * @property {boolean} quiet  Nothing moves.
 * @property {number} skipped  Skipped frames since the camera came online.
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
 * @property {Object<string, number>} [zones]  How many things are in each zone, by its id; missing: no zones.
 *
 * @typedef {object} NoUsableFaces  An enrolment was refused, because no picture can be used.
 * @property {'no-usable-face'} error
 * @property {string} message
 * @property {RejectedPicture[]} pictures
 *
 * @typedef {object} NotUnderstood  The hub did not understand a message: the kind of error and a sentence.
 * @property {'error'} type
 * @property {string} error
 * @property {string} message
 *
 * @typedef {object} ObjectSettings  The objects of a camera that are shown.
 * @property {number} min_score  The least score of shown objects.
 * @property {string[]|null} labels  The labels that are shown. Null: all.
 *
 * @typedef {object} Option  One kind of analysis, as the page gets it in `hello`.
 * @property {string} name
 * @property {string} label
 * @property {string[]} tasks
 * @property {'faces'|'objects'|'people'} brings
 * @property {string[]} adds
 * @property {boolean} identifies
 * @property {[number, number]|null} min_scores
 *
 * @typedef {object} OptionAnswer  The options that are on now, or why the option could not be switched.
 * @property {('faces'|'landmarks'|'recognition'|'objects'|'people')[]} [options]
 * @property {string} [error]
 * @property {string} [message]
 * @property {'faces'} [page]  The page of the hub where the problem can be solved.
 *
 * @typedef {object} OptionAnswers  The outcome for each camera, by id.
 * @property {Object<string, OptionAnswer>} cameras
 *
 * @typedef {object} People  All enrolled people.
 * @property {Person[]} people
 *
 * @typedef {object} Person  An enrolled person.
 * @property {string} id  Random, never changes. The audit log uses it.
 * @property {string} name  Printable characters.
 * @property {Consent} consent
 * @property {FacePicture[]} pictures
 * @property {string|null} warning  Such as: looks like another person.
 * @property {LastSeen|null} last_seen
 *
 * @typedef {object} PictureHead  The head of a picture to a viewer.
 * @property {string} camera
 * @property {number} seq
 * @property {number} captured_at  UNIX seconds.
 * @property {number} dropped
 * @property {number|null} scene
 *
 * @typedef {object} Pong  The reply to a ping.
 * @property {'pong'} type
 * @property {number} t
 * @property {number} hub_time  UNIX seconds.
 *
 * @typedef {object} ProcessUsage  A process of the hub.
 * @property {string} name  hub, engine, camera, or agent.
 * @property {string|null} camera  `id` of its camera.
 * @property {number} pid
 * @property {number} cpu_percent  Of one core.
 * @property {number} memory_bytes  Resident.
 *
 * @typedef {object} Recording  What is recorded of a camera: nothing, or its events at a rate in frames per second.
 * @property {'events'|'off'} mode
 * @property {number} fps
 *
 * @typedef {object} RejectedPicture  A rejected picture and the reason.
 * @property {number} picture  Its index in the form: files, then unknown faces, then the camera's.
 * @property {string} file
 * @property {string} verdict
 *
 * @typedef {object} Result  What was found in a camera's frame; size as decoded, upright, in pixels.
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
 * @property {Object<string, number>} [zones]  How many things are in each zone, by its id; missing: no zones.
 *
 * @typedef {object} SessionList  Sessions, newest first.
 * @property {SessionView[]} sessions
 *
 * @typedef {object} SessionView  A browser that is signed in.
 * @property {string} id  Newer sessions have higher numbers.
 * @property {string} user
 * @property {number} created_at  UNIX seconds.
 * @property {number} expires_at  UNIX seconds.
 * @property {number|null} seen_at  UNIX seconds. Null: not since the hub started.
 * @property {string} address
 * @property {string} browser
 * @property {boolean} current
 *
 * @typedef {object} Settings  Settings of recognition as the API returns them.
 * @property {boolean} recognition  Whether recognition is enabled.
 * @property {boolean} keep_unknown  Whether unknown faces are kept for a while.
 * @property {number} unknown_hours  How long unknown faces are kept.
 * @property {number} known_below  A face nearer than this is known.
 * @property {number} perhaps_below  A face nearer than this is perhaps the person.
 * @property {number} sightings_days  How long visits are kept.
 * @property {boolean} recognition_allowed  False: the configuration forbids recognition.
 *
 * @typedef {'alert'|'note'} Severity  Whether a user should look at an event at once.
 *
 * @typedef {object} Sight  How closely a camera's frames are looked at, with adaptive resolution.
 * @property {number|null} face_long_side  Of the newest frame where faces were looked for; null: not asked for.
 * @property {number} full_fps  Looks for faces in full size a second.
 * @property {number} closer_fps  Closer looks for objects a second.
 *
 * @typedef {object} Sighting  A visit of a person.
 * @property {string} person
 * @property {string} name
 * @property {string} camera
 * @property {string|null} camera_name  Null: the camera was forgotten.
 * @property {number} first_at  UNIX seconds.
 * @property {number} last_at  UNIX seconds.
 * @property {number} distance  The least distance during the visit.
 *
 * @typedef {object} Sightings  Visits, newest first.
 * @property {Sighting[]} sightings
 *
 * @typedef {'connecting'|'offline'|'online'|'pending'|'stalled'} State  The state of a camera, in the words that users see.
 *
 * @typedef {object} StatusChanged  The engine's status has changed.
 * @property {'status'} type
 * @property {'failed'|'off'|'ready'|'starting'} engine
 * @property {string|null} engine_reason
 * @property {string|null} device  CPU or GPU.
 * @property {string|null} device_reason  Why it is not the GPU.
 * @property {ModelInfo[]} models
 * @property {Object<string, number>} analysed_fps
 * @property {Object<string, number>} wanted_fps
 *
 * @typedef {object} Storage  What clips and pictures of events take, and may take.
 * @property {number} budget_bytes
 * @property {number} used_bytes
 * @property {number} free_bytes  Of the disk.
 * @property {number|null} full_at  When the budget is used up, at this rate. Null: not soon.
 * @property {number|null} oldest_at  Of the oldest clip. Null: there is none.
 * @property {number|null} days  Older ones are deleted. Null: the budget says.
 * @property {CameraStorage[]} cameras
 * @property {string|null} error  Why clips are not recorded.
 *
 * @typedef {object} System  The hub's processes and the machine.
 * @property {string} version
 * @property {string} python
 * @property {string} platform
 * @property {number} started_at  UNIX seconds.
 * @property {number} viewers  Of `/live`.
 * @property {ProcessUsage[]} processes
 * @property {UsageHistory} history
 *
 * @typedef {object} TokenList  The caller's tokens, newest first.
 * @property {TokenView[]} tokens
 *
 * @typedef {object} TokenView  An API token, without its text.
 * @property {string} id  Newer sessions have higher numbers.
 * @property {string} name
 * @property {'admin'|'operator'|'viewer'} role
 * @property {string[]|null} cameras  `id`s of the cameras that exist for it. Null: all.
 * @property {number} created_at  UNIX seconds.
 * @property {number|null} expires_at  UNIX seconds. Null: never.
 *
 * @typedef {object} UnknownFace  A face without a name.
 * @property {string} id
 * @property {string} camera
 * @property {string|null} camera_name  Null: the camera was forgotten.
 * @property {number} seen_at  UNIX seconds.
 * @property {number} quality
 * @property {string} verdict  `good`, or its flaws in words.
 * @property {('blurred'|'hardly a face'|'too bright'|'too dark'|'too small'|'turned away')[]} flaws
 *
 * @typedef {object} UnknownFaces  The kept unknown faces, newest first.
 * @property {UnknownFace[]} faces
 *
 * @typedef {object} UsageHistory  The last hour, oldest first: lists of the same length.
 * @property {number[]} at
 * @property {number[]} packets  A second, in and out, of all network devices; loopback counts both.
 * @property {number[]} cpu_percent
 * @property {number[]} memory_bytes  Resident, of all processes.
 *
 * @typedef {object} User  An account.
 * @property {string} name
 * @property {'admin'|'operator'|'viewer'} role
 * @property {string[]|null} cameras  `id`s of the cameras that exist for it. Null: all.
 * @property {number} created_at  UNIX seconds.
 *
 * @typedef {object} Users  All accounts, by name.
 * @property {User[]} users
 *
 * @typedef {object} ViewShown  A view, with the cameras that exist for the caller.
 * @property {string} name  Printable characters.
 * @property {string[]} cameras  `id`s, in the order of the tiles.
 * @property {number|null} columns
 * @property {number|null} shape
 * @property {boolean} shared  Whether everybody sees it.
 * @property {boolean} own  Whether the caller may change it.
 *
 * @typedef {object} Views  The caller's views in their order, then those that others share.
 * @property {ViewShown[]} views
 *
 * @typedef {object} VisitView  A stay in a zone.
 * @property {string} id
 * @property {string} name
 * @property {number} entered_at  UNIX seconds.
 * @property {number|null} left_at  Null while it lasts.
 *
 * @typedef {object} Zone  A part of the picture in which things are noticed.
 * @property {string} [id]  Given by the hub where it is missing.
 * @property {string} name  Printable characters.
 * @property {[number, number][]} polygon
 * @property {string[]|null} [labels]  The labels that count. Null: all.
 */

export {};
