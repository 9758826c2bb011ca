-- What a camera was doing last and since when: a restart of the hub does not change that.
CREATE TABLE camera_states (
    camera_id TEXT PRIMARY KEY,  -- cameras.id
    state TEXT NOT NULL,         -- a word of State, never 'connecting' or 'pending'
    since REAL NOT NULL          -- UNIX seconds
) STRICT;
