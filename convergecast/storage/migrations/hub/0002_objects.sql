-- Which objects of a camera are shown.
ALTER TABLE cameras ADD COLUMN
    object_min_score REAL NOT NULL DEFAULT 0.5 CHECK (object_min_score BETWEEN 0.05 AND 0.95); -- shown from this score up
ALTER TABLE cameras ADD COLUMN
    object_labels TEXT;                  -- JSON list of the labels that are shown; NULL: all
