-- Events that last: several records of a journal tell of one, which has a key.
ALTER TABLE events ADD COLUMN key TEXT;        -- names the event and the file of its picture; NULL: it has one record
ALTER TABLE events ADD COLUMN label TEXT;      -- of the thing; NULL: a face, or no thing
ALTER TABLE events ADD COLUMN track_id INTEGER; -- of the thing, in the worker that saw it last
ALTER TABLE events ADD COLUMN score REAL;      -- of the best look
ALTER TABLE events ADD COLUMN peak_at REAL;    -- when the picture was taken, UNIX seconds
ALTER TABLE events ADD COLUMN seen_at REAL;    -- when it was last known to go on, UNIX seconds
ALTER TABLE events ADD COLUMN zones TEXT NOT NULL DEFAULT '[]';     -- JSON list of visits
ALTER TABLE events ADD COLUMN crossings TEXT NOT NULL DEFAULT '[]'; -- JSON list of crossings
ALTER TABLE events ADD COLUMN places TEXT NOT NULL DEFAULT ' ';     -- z:ID of zones and l:ID of lines, each with a space before and after
ALTER TABLE events ADD COLUMN picture TEXT;    -- JSON: size, box and bytes of the picture; NULL: there is none
ALTER TABLE events ADD COLUMN person_id TEXT;  -- people.id, in the hub's other file; NULL: nobody known
ALTER TABLE events ADD COLUMN distance REAL;   -- of the face to the person
ALTER TABLE events ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;      -- 1: no budget deletes it
ALTER TABLE events ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;   -- 1: deleted while it lasted; the last record removes the row
CREATE UNIQUE INDEX events_by_key ON events (camera_id, key) WHERE key IS NOT NULL;
CREATE INDEX events_by_person ON events (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX events_lasting ON events (seen_at) WHERE key IS NOT NULL AND ended_at IS NULL;

-- How often each line was crossed, minute by minute.
CREATE TABLE crossings (
    camera_id TEXT NOT NULL,             -- cameras.id, in the hub's other file
    line_id   TEXT NOT NULL,             -- of the camera's line
    at        INTEGER NOT NULL,          -- when the minute began, UNIX seconds
    ins       INTEGER NOT NULL,          -- from the left to the right of the line
    outs      INTEGER NOT NULL,          -- the other way
    PRIMARY KEY (camera_id, line_id, at)
) STRICT, WITHOUT ROWID;
