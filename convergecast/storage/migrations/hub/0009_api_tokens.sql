-- What programs sign in with.
CREATE TABLE api_tokens (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- newer ones are higher
    token_hash TEXT NOT NULL UNIQUE,     -- SHA-256 of the token, which is random
    owner      TEXT NOT NULL,            -- as in sessions
    name       TEXT NOT NULL,            -- shown to people
    role       TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')), -- at most the owner's counts
    cameras    TEXT,                     -- JSON list of cameras.id; NULL: all that the owner sees
    created_at REAL NOT NULL,            -- UNIX seconds
    expires_at REAL                      -- UNIX seconds; NULL: never
) STRICT;
