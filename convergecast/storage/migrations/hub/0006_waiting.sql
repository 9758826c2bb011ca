-- Why a camera waits for approval, and where it registers from.
ALTER TABLE cameras ADD COLUMN
    waits TEXT CHECK (waits IN ('token', 'key', 'forgotten', 'address')); -- NULL: it does not wait, or for a token
ALTER TABLE cameras ADD COLUMN
    sender TEXT;                         -- literal IP address that its newest registration came from
UPDATE cameras SET waits = 'key' WHERE approval = 'pending' AND agent_id IN
    (SELECT agent_id FROM cameras WHERE agent_id IS NOT NULL GROUP BY agent_id HAVING count(*) > 1);
