-- Who may sign in.
CREATE TABLE accounts (
    id            INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice
    name          TEXT NOT NULL UNIQUE COLLATE NOCASE, -- what is typed at the sign-in
    password_hash TEXT NOT NULL,         -- argon2id, with its cost and salt
    role          TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')), -- what it may do
    cameras       TEXT CHECK (cameras IS NULL OR role <> 'admin'), -- JSON list of cameras.id that it sees; NULL: all
    version       INTEGER NOT NULL,      -- one more with each change of password, role or cameras
    created_at    REAL NOT NULL          -- UNIX seconds
) STRICT;

-- Browsers that are signed in. Sessions of earlier versions of this program end: they were nobody's.
DROP TABLE sessions;
CREATE TABLE sessions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- newer ones are higher
    token_hash TEXT NOT NULL UNIQUE,     -- SHA-256 of the cookie's value
    owner      TEXT NOT NULL,            -- accounts.id, or 'hub' and a mark of the administrator's token
    version    INTEGER NOT NULL,         -- accounts.version at the sign-in; 0 without an account
    created_at REAL NOT NULL,            -- UNIX seconds
    expires_at REAL NOT NULL,            -- UNIX seconds
    address    TEXT NOT NULL,            -- literal IP address of the sign-in
    browser    TEXT NOT NULL             -- what the browser called itself
) STRICT;
