//! Data sets and their parts.

use rusqlite::{Connection, OptionalExtension, params};
use store::{DataSet, DataSetId};

use crate::failure::Result;
use crate::row;

pub fn put(connection: &Connection, set: &DataSet) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO data_sets (id, name, kind, source, loaded, rows, parts) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
             ON CONFLICT DO UPDATE SET name = excluded.name, kind = excluded.kind, \
             source = excluded.source, loaded = excluded.loaded, rows = excluded.rows, \
             parts = excluded.parts",
        )?
        .execute(params![
            set.id.0,
            set.name,
            set.kind,
            set.source,
            row::signed(set.loaded.get()),
            row::signed(set.rows),
            set.parts,
        ])?;
    Ok(())
}

pub fn put_part(connection: &Connection, id: &DataSetId, part: u32, body: &str) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO data_parts (set_id, part, body) VALUES (?1, ?2, ?3) \
             ON CONFLICT DO UPDATE SET body = excluded.body",
        )?
        .execute(params![id.0, part, body])?;
    Ok(())
}

pub fn delete(connection: &Connection, id: &DataSetId) -> Result<()> {
    for sql in [
        "DELETE FROM data_sets WHERE id = ?1",
        "DELETE FROM data_parts WHERE set_id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([&id.0])?;
    }
    Ok(())
}

pub fn all(connection: &Connection) -> Result<Vec<DataSet>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, name, kind, source, loaded, rows, parts FROM data_sets ORDER BY id",
    )?;
    let sets = statement.query_map([], |row| {
        Ok(DataSet {
            id: DataSetId(row.get(0)?),
            name: row.get(1)?,
            kind: row.get(2)?,
            source: row.get(3)?,
            loaded: row::seconds(row, 4)?,
            rows: row.get(5)?,
            parts: row.get(6)?,
        })
    })?;
    Ok(sets.collect::<rusqlite::Result<_>>()?)
}

pub fn part(connection: &Connection, id: &DataSetId, part: u32) -> Result<Option<String>> {
    let body = connection
        .prepare_cached("SELECT body FROM data_parts WHERE set_id = ?1 AND part = ?2")?
        .query_row(params![id.0, part], |row| row.get(0))
        .optional()?;
    Ok(body)
}
