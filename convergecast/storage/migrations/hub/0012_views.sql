-- Which cameras are shown together, and how: what accounts keep of their page.
CREATE TABLE views (
    id      INTEGER PRIMARY KEY,         -- in the order in which they are listed
    owner   TEXT NOT NULL,               -- accounts.id, or 'hub' for who signs in without an account
    name    TEXT NOT NULL,               -- shown to people
    cameras TEXT NOT NULL,               -- JSON list of cameras.id, in their order
    columns INTEGER,                     -- of tiles; NULL: as the window allows
    shape   REAL,                        -- of tiles, width / height; NULL: that of most cameras
    shared  INTEGER NOT NULL             -- 1: everybody sees it, while the owner is an operator
) STRICT;
CREATE INDEX views_by_owner ON views (owner);
