-- A picture that was deleted does not come back with the next record of its event.
ALTER TABLE events ADD COLUMN picture_gone INTEGER NOT NULL DEFAULT 0; -- 1: deleted while the event stayed
