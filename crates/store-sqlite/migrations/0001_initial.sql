-- Numbers. The key is the number in E.164 form; `body` is its document, the
-- other columns are what queries need of it. A table with row ids, so that
-- documents are appended and only the small indexes are written at random.
CREATE TABLE numbers (
    e164         TEXT    NOT NULL PRIMARY KEY,
    revision     INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    account_id   TEXT,
    carrier      TEXT    NOT NULL,
    pool         TEXT,
    billable     INTEGER NOT NULL,
    rests_until  INTEGER,
    body         TEXT    NOT NULL
) STRICT;

-- The own stock, one index for each kind of look through it.
CREATE INDEX numbers_stock ON numbers (carrier, e164)
    WHERE state = 'available' AND pool IS NULL;
CREATE INDEX numbers_pool ON numbers (carrier, pool, e164)
    WHERE state = 'available' AND pool IS NOT NULL;
CREATE INDEX numbers_reserved ON numbers (account_id, e164)
    WHERE state = 'reserved';
CREATE INDEX numbers_aging ON numbers (rests_until, e164)
    WHERE state = 'aging';

-- Numbers by account, for listings: a table, because an engine that spreads
-- `numbers` by its key has no such index.
CREATE TABLE account_numbers (
    account_id TEXT NOT NULL,
    e164       TEXT NOT NULL,
    PRIMARY KEY (account_id, e164)
) STRICT, WITHOUT ROWID;

-- What happened to each number; outlives the number.
CREATE TABLE number_events (
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
    PRIMARY KEY (e164, event_id)
) STRICT;

CREATE TABLE accounts (
    id        TEXT    NOT NULL PRIMARY KEY,
    revision  INTEGER NOT NULL,
    parent_id TEXT,
    body      TEXT    NOT NULL
) STRICT;
CREATE INDEX accounts_children ON accounts (parent_id, id)
    WHERE parent_id IS NOT NULL;

-- Every account with each of its ancestors.
CREATE TABLE account_tree (
    descendant TEXT NOT NULL,
    ancestor   TEXT NOT NULL,
    PRIMARY KEY (descendant, ancestor)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_tree_down ON account_tree (ancestor, descendant);

CREATE TABLE users (
    account_id TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    revision   INTEGER NOT NULL,
    body       TEXT    NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

-- Names that only one may hold.
CREATE TABLE claims (
    kind   TEXT NOT NULL,
    name   TEXT NOT NULL,
    holder TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Billable numbers of each account: `own` counts those assigned to it, `total`
-- those of its descendants too.
CREATE TABLE account_counters (
    account_id TEXT    NOT NULL PRIMARY KEY,
    own        INTEGER NOT NULL,
    total      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE state_counters (
    state   TEXT    NOT NULL PRIMARY KEY,
    numbers INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
