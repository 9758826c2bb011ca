-- Every camera that registered and was not forgotten.
CREATE TABLE cameras (
    id            TEXT PRIMARY KEY,      -- the hub's own name for it, random
    agent_id      TEXT,                  -- the agent's name for itself; NULL: address and port are its identity
    key_hash      TEXT,                  -- SHA-256 of the camera key the hub gave it
    key_used      INTEGER NOT NULL CHECK (key_used IN (0, 1)), -- 1: the agent has presented that key
    name          TEXT NOT NULL,         -- shown to people
    named_by_user INTEGER NOT NULL CHECK (named_by_user IN (0, 1)), -- 1: the agent's name is not taken over
    address       TEXT NOT NULL,         -- literal IP address where the agent serves
    port          INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    stream_key    TEXT,                  -- what the hub presents to the agent
    width         INTEGER,               -- pixels, as announced
    height        INTEGER,               -- pixels, as announced
    fps           REAL,                  -- frames a second, as announced
    source        TEXT,                  -- what the agent captures, without credentials
    version       TEXT,                  -- the agent's version
    capabilities  TEXT NOT NULL,         -- JSON list of words
    approval      TEXT NOT NULL CHECK (approval IN ('pending', 'approved', 'rejected')),
    options       TEXT NOT NULL,         -- JSON list of the AI options that are on
    registered_at REAL NOT NULL,         -- UNIX seconds of the first registration
    last_seen     REAL NOT NULL          -- UNIX seconds of the newest registration, written at most once a minute
) STRICT;
CREATE INDEX cameras_by_agent ON cameras (agent_id);

-- Identities a person has forgotten: they come back as pending, whatever token they show.
CREATE TABLE forgotten (
    identity     TEXT PRIMARY KEY,       -- agent_id, or address and port
    forgotten_at REAL NOT NULL           -- UNIX seconds
) STRICT;

-- Browsers that are signed in.
CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY,         -- SHA-256 of the cookie's value
    created_at REAL NOT NULL,            -- UNIX seconds
    expires_at REAL NOT NULL             -- UNIX seconds
) STRICT;

-- Single values of this hub.
CREATE TABLE hub_values (
    name  TEXT PRIMARY KEY,              -- 'agent_token': what agents must present to be let in at once
    value TEXT NOT NULL
) STRICT;
