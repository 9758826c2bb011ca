-- The zones, lines and masks of a camera.
ALTER TABLE cameras ADD COLUMN
    zones TEXT NOT NULL DEFAULT '{}';    -- JSON, as PUT /api/v1/cameras/ID/zones takes it
