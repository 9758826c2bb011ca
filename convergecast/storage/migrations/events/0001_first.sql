-- What happened at cameras.
CREATE TABLE events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- rises in the order of storing, never given twice
    camera_id  TEXT NOT NULL,            -- cameras.id, in the hub's other file
    epoch      TEXT NOT NULL,            -- the journal that numbered it, random
    number     INTEGER NOT NULL,         -- its place in that journal, from 1, without gaps but for what was given up
    kind       TEXT NOT NULL,            -- what it is about: 'camera'
    subkind    TEXT,                     -- more of that, such as 'offline' and 'back'; NULL: the kind has none
    severity   TEXT NOT NULL CHECK (severity IN ('alert', 'note')), -- whether somebody should look at once
    started_at REAL NOT NULL,            -- when it began, UNIX seconds
    ended_at   REAL,                     -- when it was over, UNIX seconds; NULL: it lasts, or has no length
    reason     TEXT,                     -- why, for people; NULL: nothing to say
    UNIQUE (camera_id, epoch, number)
) STRICT;
CREATE INDEX events_by_time ON events (started_at);

-- How far the journal of each camera is stored: what comes again is known by it, deleted events too.
CREATE TABLE journals (
    camera_id TEXT PRIMARY KEY,          -- cameras.id, in the hub's other file
    epoch     TEXT NOT NULL,             -- the journal, as in events
    number    INTEGER NOT NULL           -- everything up to this one is stored
) STRICT;
