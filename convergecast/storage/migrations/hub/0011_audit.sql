-- Every change that somebody made, and who it was. Holds no names of people, and no secret.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT, -- newer ones are higher
    at      REAL NOT NULL,               -- UNIX seconds
    action  TEXT NOT NULL,               -- what was done, in words
    kind    TEXT NOT NULL,               -- what it is about: camera, person, account, …
    subject TEXT,                        -- its id, of what has gone too; NULL: several, or there is only one
    other   TEXT,                        -- people.id of who was merged in; NULL: nobody
    done_by TEXT NOT NULL,               -- an account's name, or what stands for it
    via     TEXT NOT NULL,               -- the credential, in words; empty: not known, or the hub itself
    address TEXT NOT NULL,               -- literal IP address of the request; empty: not known, or none
    detail  TEXT NOT NULL                -- more, for people; may be empty
) STRICT;
CREATE INDEX audit_by_name ON audit (done_by, id);
INSERT INTO audit (id, at, action, kind, subject, other, done_by, via, address, detail)
SELECT id, at, action,
    CASE action WHEN 'settings changed' THEN 'settings' WHEN 'unknown faces dropped' THEN 'unknown-face' ELSE 'person' END,
    person_id, other_id, done_by, '', '', detail
FROM face_audit ORDER BY id;
DROP TABLE face_audit;
