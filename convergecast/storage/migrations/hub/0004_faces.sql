-- SQLite copies rows from page to page as a table grows and shrinks, and leaves what was copied in
-- the unused part of a page, where secure_delete does not reach it. Of a row that is longer than a
-- page only the beginning is copied, and the pages that hold the rest are overwritten when it goes.
-- So rows that are to vanish without a trace begin with a page of nothing, `filler`.

-- People who are known by face, each with the consent that it rests on.
CREATE TABLE people (
    filler     BLOB NOT NULL DEFAULT (zeroblob(4096)),
    id         TEXT PRIMARY KEY,         -- random; all that stays of a person who was forgotten
    name       TEXT NOT NULL,            -- shown to people
    consent_by TEXT NOT NULL,            -- who says that the person agreed
    consent_at REAL NOT NULL,            -- UNIX seconds
    like_id    TEXT                      -- people.id of somebody who looks the same; NULL: nobody does
) STRICT;

-- The pictures that people are known by: the face and what is around it.
CREATE TABLE face_pictures (
    filler    BLOB NOT NULL DEFAULT (zeroblob(4096)),
    id        TEXT PRIMARY KEY,          -- random
    person_id TEXT NOT NULL,             -- people.id
    added_at  REAL NOT NULL,             -- UNIX seconds
    source    TEXT NOT NULL CHECK (source IN ('upload', 'camera', 'unknown')), -- where it came from
    quality   REAL NOT NULL,             -- of 0 to 1
    flaws     TEXT NOT NULL,             -- JSON list of words
    problem   TEXT,                      -- why it cannot be used, for people; NULL: it can
    vector    BLOB,                      -- 128 little-endian float32; NULL where the model of `kind` finds no face
    kind      TEXT NOT NULL,             -- model, precision and alignment: vectors of one kind can be compared
    crop      BLOB NOT NULL              -- JPEG; last, so that it is not read on the way to the others
) STRICT;
CREATE INDEX face_pictures_by_person ON face_pictures (person_id);

-- Faces that were taken for somebody they are not.
CREATE TABLE face_negatives (
    filler    BLOB NOT NULL DEFAULT (zeroblob(4096)),
    id        INTEGER PRIMARY KEY,
    person_id TEXT NOT NULL,             -- people.id of whom it is not
    added_at  REAL NOT NULL,             -- UNIX seconds
    vector    BLOB NOT NULL,             -- as in face_pictures
    kind      TEXT NOT NULL              -- as in face_pictures
) STRICT;
CREATE INDEX face_negatives_by_person ON face_negatives (person_id);

-- Faces that nobody has named, where keeping them is switched on.
CREATE TABLE unknown_faces (
    filler    BLOB NOT NULL DEFAULT (zeroblob(4096)),
    id        TEXT PRIMARY KEY,          -- random
    camera_id TEXT NOT NULL,             -- cameras.id
    seen_at   REAL NOT NULL,             -- UNIX seconds, of this picture
    quality   REAL NOT NULL,             -- of 0 to 1
    flaws     TEXT NOT NULL,             -- JSON list of words
    vector    BLOB NOT NULL,             -- as in face_pictures
    kind      TEXT NOT NULL,             -- as in face_pictures
    crop      BLOB NOT NULL              -- JPEG
) STRICT;

-- Who was before which camera from when to when.
CREATE TABLE sightings (
    id        INTEGER PRIMARY KEY,
    person_id TEXT NOT NULL,             -- people.id
    camera_id TEXT NOT NULL,             -- cameras.id
    first_at  REAL NOT NULL,             -- UNIX seconds
    last_at   REAL NOT NULL,             -- UNIX seconds, to a few seconds
    distance  REAL NOT NULL              -- the smallest
) STRICT;
CREATE INDEX sightings_by_person ON sightings (person_id, last_at);
CREATE INDEX sightings_by_time ON sightings (last_at);

-- What was changed about people and recognition. Holds no names.
CREATE TABLE face_audit (
    id        INTEGER PRIMARY KEY,
    at        REAL NOT NULL,             -- UNIX seconds
    action    TEXT NOT NULL,             -- what was done, in words
    person_id TEXT,                      -- people.id, of somebody forgotten too; NULL: nobody in particular
    done_by   TEXT NOT NULL,             -- who did it, as far as the hub knows
    detail    TEXT NOT NULL              -- more, for people; may be empty
) STRICT;
