-- Whether a pending camera's agent has shown the hub's token: such cameras are counted on their own.
ALTER TABLE cameras ADD COLUMN
    token_shown INTEGER NOT NULL DEFAULT 0;
UPDATE cameras SET token_shown = 1 WHERE waits IN ('forgotten', 'address');
