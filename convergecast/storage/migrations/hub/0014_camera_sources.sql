-- Cameras without a computer of their own: the hub runs their agents itself.
ALTER TABLE cameras ADD COLUMN
    -- Whether the hub runs this camera's agent.
    by_hub INTEGER NOT NULL DEFAULT 0;
CREATE TABLE camera_sources (
    camera_id TEXT PRIMARY KEY,
    -- The address with user and password, encrypted with the key in camera-sources.key.
    sealed BLOB NOT NULL,
    -- When the camera refused this password last, UNIX seconds; NULL: it has not.
    refused_at REAL
);
