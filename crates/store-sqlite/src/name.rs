//! Unique names and settings.

use rusqlite::{Connection, OptionalExtension, params};
use store::Claim;

use crate::failure::Result;

pub fn claim(connection: &Connection, claim: &Claim, holder: &str) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO claims (kind, name, holder) VALUES (?1, ?2, ?3) \
             ON CONFLICT DO UPDATE SET holder = excluded.holder",
        )?
        .execute(params![claim.kind.as_str(), claim.name, holder])?;
    Ok(())
}

pub fn unclaim(connection: &Connection, claim: &Claim) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM claims WHERE kind = ?1 AND name = ?2")?
        .execute(params![claim.kind.as_str(), claim.name])?;
    Ok(())
}

pub fn holder(connection: &Connection, claim: &Claim) -> Result<Option<String>> {
    let holder = connection
        .prepare_cached("SELECT holder FROM claims WHERE kind = ?1 AND name = ?2")?
        .query_row(params![claim.kind.as_str(), claim.name], |row| row.get(0))
        .optional()?;
    Ok(holder)
}

pub fn set(connection: &Connection, key: &str, value: &str) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO settings (key, value) VALUES (?1, ?2) \
             ON CONFLICT DO UPDATE SET value = excluded.value",
        )?
        .execute([key, value])?;
    Ok(())
}

pub fn setting(connection: &Connection, key: &str) -> Result<Option<String>> {
    let value = connection
        .prepare_cached("SELECT value FROM settings WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    Ok(value)
}
