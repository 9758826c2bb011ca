-- Who else a change was about, as an id of its own: it was to be read only in the words of `detail`.
ALTER TABLE face_audit ADD COLUMN other_id TEXT;  -- people.id that had been; NULL: nobody else
UPDATE face_audit SET other_id = substr(detail, 6) WHERE action = 'merged' AND detail LIKE 'with %';
