-- The protocol that a camera's agent last spoke, and the keys of cameras that are gone: by its key an
-- agent knows that this is still the hub it has paired with.
ALTER TABLE cameras ADD COLUMN
    protocol INTEGER NOT NULL DEFAULT 1;
CREATE TABLE former_keys (
    key_hash TEXT PRIMARY KEY,
    agent_id TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE INDEX former_keys_by_agent ON former_keys (agent_id);
