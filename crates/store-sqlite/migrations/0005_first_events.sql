-- A number's row knows the event that made it, by its position, and the index
-- of events by number has the others only: a new number changes one index
-- less. Events from before this are all in the index, which is as good.
ALTER TABLE number_events RENAME TO old_events;
CREATE TABLE number_events (
    position   INTEGER PRIMARY KEY,
    e164       TEXT    NOT NULL,
    event_id   TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    account_id TEXT,
    user_id    TEXT,
    request_id TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    before     TEXT,
    after      TEXT,
    note       TEXT,
    -- 0 for as long as the number's row leads here.
    indexed    INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO number_events
    (position, e164, event_id, action, account_id, user_id, request_id, at, before, after, note)
    SELECT position, e164, event_id, action, account_id, user_id, request_id, at, before, after,
        note
    FROM old_events ORDER BY position;
DROP TABLE old_events;
CREATE UNIQUE INDEX number_events_later ON number_events (e164, event_id)
    WHERE indexed = 1;
ALTER TABLE numbers ADD COLUMN first_event INTEGER;
