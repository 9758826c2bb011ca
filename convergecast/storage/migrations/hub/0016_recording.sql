-- What is recorded of a camera.
ALTER TABLE cameras ADD COLUMN
    recording TEXT NOT NULL DEFAULT '{}'; -- JSON: mode and rate, as PATCH /api/v1/cameras/ID takes them
