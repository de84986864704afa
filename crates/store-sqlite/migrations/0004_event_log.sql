-- The log of all events: `position` counts them in the order of commits, since
-- one thread writes. Declared, so that it stays what it is for ever.
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
    UNIQUE (e164, event_id)
) STRICT;
INSERT INTO number_events
    (e164, event_id, action, account_id, user_id, request_id, at, before, after, note)
    SELECT e164, event_id, action, account_id, user_id, request_id, at, before, after, note
    FROM old_events ORDER BY rowid;
DROP TABLE old_events;

-- The same by account: that of the owner before or after, and the accounts
-- that were above it then; not the topmost, whose log is everybody's.
CREATE TABLE account_events (
    account_id TEXT    NOT NULL,
    position   INTEGER NOT NULL,
    PRIMARY KEY (account_id, position)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO account_events (account_id, position)
    WITH owners (account_id, position) AS (
        SELECT json_extract(before, '$.pvt_assigned_to'), position FROM number_events
        UNION
        SELECT json_extract(after, '$.pvt_assigned_to'), position FROM number_events)
    SELECT account_id, position FROM owners WHERE account_id IS NOT NULL
    UNION
    SELECT t.ancestor, o.position FROM owners o
    JOIN account_tree t ON t.descendant = o.account_id
    WHERE EXISTS (SELECT 1 FROM account_tree u WHERE u.descendant = t.ancestor);
