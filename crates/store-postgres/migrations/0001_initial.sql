-- Every table has its distribution key in its primary key and in every unique
-- index, so that an engine that spreads tables over machines can take them.
-- Keys compare byte by byte, whatever the database's language is.

-- Numbers. The key is the number in E.164 form; `body` is its document as it
-- was written (text, since jsonb would lose the order of members), the other
-- columns are what queries need of it.
CREATE TABLE numbers (
    e164         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    revision     BIGINT NOT NULL,
    state        TEXT COLLATE "C" NOT NULL,
    account_id   TEXT COLLATE "C",
    carrier      TEXT COLLATE "C" NOT NULL,
    pool         TEXT COLLATE "C",
    billable     BOOLEAN NOT NULL,
    rests_until  BIGINT,
    body         TEXT COLLATE "C" NOT NULL
);

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
    account_id TEXT COLLATE "C" NOT NULL,
    e164       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, e164)
);

-- What happened to each number; outlives the number.
CREATE TABLE number_events (
    e164       TEXT COLLATE "C" NOT NULL,
    event_id   TEXT COLLATE "C" NOT NULL,
    action     TEXT COLLATE "C" NOT NULL,
    account_id TEXT COLLATE "C",
    user_id    TEXT COLLATE "C",
    request_id TEXT COLLATE "C" NOT NULL,
    at         BIGINT NOT NULL,
    before     TEXT COLLATE "C",
    after      TEXT COLLATE "C",
    note       TEXT COLLATE "C",
    PRIMARY KEY (e164, event_id)
);

CREATE TABLE accounts (
    id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    revision  BIGINT NOT NULL,
    parent_id TEXT COLLATE "C",
    body      TEXT COLLATE "C" NOT NULL
);
CREATE INDEX accounts_children ON accounts (parent_id, id)
    WHERE parent_id IS NOT NULL;

-- Every account with each of its ancestors.
CREATE TABLE account_tree (
    descendant TEXT COLLATE "C" NOT NULL,
    ancestor   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (descendant, ancestor)
);
CREATE INDEX account_tree_down ON account_tree (ancestor, descendant);

CREATE TABLE users (
    account_id TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    revision   BIGINT NOT NULL,
    body       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, id)
);

-- Names that only one may hold.
CREATE TABLE claims (
    kind   TEXT COLLATE "C" NOT NULL,
    name   TEXT COLLATE "C" NOT NULL,
    holder TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, name)
);

CREATE TABLE settings (
    key   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);

-- Billable numbers of each account: `own` counts those assigned to it, `total`
-- those of its descendants too. Spread over slots, whose sum counts: writers at
-- the same moment would wait for each other at one row.
CREATE TABLE account_counters (
    account_id TEXT COLLATE "C" NOT NULL,
    slot       INTEGER NOT NULL,
    own        BIGINT NOT NULL,
    total      BIGINT NOT NULL,
    PRIMARY KEY (account_id, slot)
);

CREATE TABLE state_counters (
    state   TEXT COLLATE "C" NOT NULL,
    slot    INTEGER NOT NULL,
    numbers BIGINT NOT NULL,
    PRIMARY KEY (state, slot)
);
