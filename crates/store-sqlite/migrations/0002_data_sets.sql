-- Tables that an operator loads. `parts` is null while they are written.
CREATE TABLE data_sets (
    id     TEXT    NOT NULL PRIMARY KEY,
    name   TEXT    NOT NULL,
    kind   TEXT    NOT NULL,
    source TEXT    NOT NULL,
    loaded INTEGER NOT NULL,
    rows   INTEGER NOT NULL,
    parts  INTEGER
) STRICT, WITHOUT ROWID;

-- Their rows, many in one text.
CREATE TABLE data_parts (
    set_id TEXT    NOT NULL,
    part   INTEGER NOT NULL,
    body   TEXT    NOT NULL,
    PRIMARY KEY (set_id, part)
) STRICT;
