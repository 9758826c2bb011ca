-- How many people cameras saw, minute by minute.
CREATE TABLE minute_counts (
    camera_id TEXT NOT NULL,             -- cameras.id
    at INTEGER NOT NULL,                 -- when the minute began, UNIX seconds
    mean REAL NOT NULL,                  -- people, over the known part of the minute, by time
    max INTEGER NOT NULL,                -- the highest count
    known_s REAL NOT NULL,               -- how much of the minute is known, in seconds
    PRIMARY KEY (camera_id, at)
) WITHOUT ROWID;
