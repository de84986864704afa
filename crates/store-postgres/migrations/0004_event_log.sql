-- The log of all events: `position` is their order. It is drawn while the
-- number's row is locked, so each number's events come in their order; that a
-- later position may be committed first is the reader's business.
CREATE SEQUENCE event_positions;
ALTER TABLE number_events
    ADD COLUMN position BIGINT NOT NULL DEFAULT nextval('event_positions');
CREATE INDEX number_events_position ON number_events (position);

-- The same by account: that of the owner before or after, and the accounts
-- that were above it then; not the topmost, whose log is everybody's.
CREATE TABLE account_events (
    account_id TEXT COLLATE "C" NOT NULL,
    position   BIGINT NOT NULL,
    e164       TEXT COLLATE "C" NOT NULL,
    event_id   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, position)
);
