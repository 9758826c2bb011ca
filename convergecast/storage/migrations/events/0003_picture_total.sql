-- The bytes of all pictures: asked each second, so a million rows are not added up each time.
CREATE TABLE picture_total (
    bytes INTEGER NOT NULL -- of the pictures of all events; there is one row
) STRICT;
INSERT INTO picture_total
SELECT coalesce(sum(json_extract(picture, '$.bytes')), 0) FROM events;
CREATE TRIGGER picture_added AFTER INSERT ON events WHEN NEW.picture IS NOT NULL BEGIN
    UPDATE picture_total SET bytes = bytes + coalesce(json_extract(NEW.picture, '$.bytes'), 0);
END;
CREATE TRIGGER picture_changed AFTER UPDATE OF picture ON events
WHEN NEW.picture IS NOT OLD.picture BEGIN
    UPDATE picture_total SET bytes = bytes + coalesce(json_extract(NEW.picture, '$.bytes'), 0)
        - coalesce(json_extract(OLD.picture, '$.bytes'), 0);
END;
CREATE TRIGGER picture_removed AFTER DELETE ON events WHEN OLD.picture IS NOT NULL BEGIN
    UPDATE picture_total SET bytes = bytes - coalesce(json_extract(OLD.picture, '$.bytes'), 0);
END;
CREATE INDEX events_pictured ON events (id) WHERE picture IS NOT NULL AND kept = 0;
