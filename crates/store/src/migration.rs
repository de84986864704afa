//! A schema's versions: migrations, numbered from 1, run once each and never
//! edited afterwards. A database remembers what it was made with.

use sha2::{Digest, Sha256};

use crate::StoreError;

/// A step from one version of the schema to the next.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number and what it is about.
    pub name: &'static str,
    /// What it does.
    pub sql: &'static str,
}

/// All of them, in order.
#[derive(Clone, Copy, Debug)]
pub struct Migrations(pub &'static [Migration]);

impl Migration {
    /// What a database remembers of its text: SHA-256 in hex.
    pub fn checksum(&self) -> String {
        // Line ends may change on the way through version control.
        let digest = Sha256::digest(self.sql.replace("\r\n", "\n"));
        let hex = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
        digest
            .iter()
            .flat_map(|byte| [hex(byte >> 4), hex(byte & 15)])
            .collect()
    }
}

impl Migrations {
    /// The newest version that this program knows.
    pub fn known(self) -> u32 {
        version(self.0.len().saturating_sub(1))
    }

    /// Each with its version.
    pub fn versions(self) -> impl Iterator<Item = (u32, &'static Migration)> {
        (1..).zip(self.0)
    }

    /// Compares versions and checksums that a database remembers, ascending,
    /// with what is known; returns how many those are.
    pub fn verify(self, applied: &[(u32, String)]) -> Result<usize, StoreError> {
        let known = self.known();
        if let Some((found, _)) = applied.last()
            && *found > known
        {
            let found = *found;
            return Err(StoreError::TooNew { found, known });
        }
        let mut known = self.versions();
        for (found, checksum) in applied {
            let Some((version, migration)) = known.next() else {
                break;
            };
            if *found != version {
                let lacks = format!("the database lacks migration {version}: restore a backup");
                return Err(StoreError::Fault(lacks));
            }
            if *checksum != migration.checksum() {
                return Err(StoreError::Fault(format!(
                    "migration {} is not the one this database was made with: use the program \
                     that made it, or restore a backup",
                    migration.name
                )));
            }
        }
        Ok(applied.len())
    }
}

fn version(index: usize) -> u32 {
    u32::try_from(index + 1).expect("there are few migrations")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Migrations = Migrations(&[
        Migration {
            name: "0001_first",
            sql: "CREATE TABLE one;\n",
        },
        Migration {
            name: "0002_second",
            sql: "CREATE TABLE two;\n",
        },
    ]);

    fn applied(versions: &[u32]) -> Vec<(u32, String)> {
        let checksum = |version: u32| ALL.0[version as usize - 1].checksum();
        let row = |version: &u32| (*version, checksum(*version));
        versions.iter().map(row).collect()
    }

    #[test]
    fn what_was_applied_is_counted() {
        assert_eq!(ALL.known(), 2);
        for versions in [&[][..], &[1], &[1, 2]] {
            let count = ALL.verify(&applied(versions));
            assert_eq!(count.unwrap(), versions.len());
        }
    }

    #[test]
    fn what_is_missing_changed_or_newer_is_told() {
        let fault = |rows: &[(u32, String)]| ALL.verify(rows).unwrap_err().to_string();
        assert!(fault(&applied(&[2])).contains("lacks migration 1"));
        let mut edited = applied(&[1, 2]);
        edited[1].1 = Migration {
            sql: "other",
            ..ALL.0[1]
        }
        .checksum();
        assert!(fault(&edited).contains("0002_second is not the one"));
        let newer = [applied(&[1, 2]), vec![(3, String::new())]].concat();
        let error = ALL.verify(&newer).unwrap_err();
        assert!(matches!(error, StoreError::TooNew { found: 3, known: 2 }));
    }

    #[test]
    fn line_ends_make_no_difference() {
        let sql = "CREATE TABLE one;\r\n";
        let other = Migration { sql, ..ALL.0[0] };
        assert_eq!(other.checksum(), ALL.0[0].checksum());
    }
}
