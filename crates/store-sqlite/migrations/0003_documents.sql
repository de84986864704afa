-- Documents of the engine's own work: orders, running searches, offers.
CREATE TABLE documents (
    kind       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    account_id TEXT,
    revision   INTEGER NOT NULL,
    due        INTEGER,
    expires    INTEGER,
    body       TEXT    NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;
CREATE INDEX documents_account ON documents (kind, account_id, id)
    WHERE account_id IS NOT NULL;
CREATE INDEX documents_due ON documents (kind, due, id)
    WHERE due IS NOT NULL;
CREATE INDEX documents_expires ON documents (expires)
    WHERE expires IS NOT NULL;
