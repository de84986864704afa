-- Tables that an operator loads. `parts` is null while they are written.
CREATE TABLE data_sets (
    id     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name   TEXT COLLATE "C" NOT NULL,
    kind   TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    loaded BIGINT NOT NULL,
    rows   BIGINT NOT NULL,
    parts  BIGINT
);

-- Their rows, many in one text.
CREATE TABLE data_parts (
    set_id TEXT COLLATE "C" NOT NULL,
    part   BIGINT NOT NULL,
    body   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (set_id, part)
);
