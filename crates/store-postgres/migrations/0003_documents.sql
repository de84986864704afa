-- Documents of the engine's own work: orders, running searches, offers.
CREATE TABLE documents (
    kind       TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C",
    revision   BIGINT NOT NULL,
    due        BIGINT,
    expires    BIGINT,
    body       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX documents_account ON documents (kind, account_id, id)
    WHERE account_id IS NOT NULL;
CREATE INDEX documents_due ON documents (kind, due, id)
    WHERE due IS NOT NULL;
CREATE INDEX documents_expires ON documents (expires)
    WHERE expires IS NOT NULL;
