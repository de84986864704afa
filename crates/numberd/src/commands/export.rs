//! `numberd export`: numbers to a CSV file that `import` can read.

use std::collections::{BTreeSet, HashMap};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use csv::Writer;
use engine::columns::{self, Cells};
use numbers::account::AccountId;
use numbers::number::Number;

use super::import::refuse_existing;
use super::pages::Numbers;
use crate::cli::{Export, Global};
use crate::database::{Access, Database};
use crate::exit::{Code, Failure, Outcome};

/// Most custom fields that get a column.
const MOST_COLUMNS: usize = 10_000;

pub async fn run(global: &Global, options: &Export) -> Outcome {
    let database = Database::for_command(global, Access::Read).await?;
    let account = match &options.account {
        Some(text) => Some(database.account(text).await?.id.clone()),
        None => None,
    };
    match options
        .file
        .as_deref()
        .filter(|path| *path != Path::new("-"))
    {
        None => write(&database, account, io::stdout().lock()).await,
        Some(path) => {
            refuse_existing(path)?;
            let file = OpenOptions::new().write(true).create_new(true).open(path);
            let mut file = file.map_err(|error| Failure::file(path, &error))?;
            let written = write(&database, account, &mut file).await;
            let written =
                written.and_then(|()| file.sync_all().map_err(|error| Failure::file(path, &error)));
            if written.is_err() {
                // Half a file must not be taken for a whole one.
                let _ = std::fs::remove_file(path);
            }
            written
        }
    }
}

async fn write(database: &Database, account: Option<AccountId>, out: impl Write) -> Outcome {
    // The header names every custom field, so all numbers are looked at first.
    let custom = custom_fields(database, account.clone()).await?;
    let mut out = Writer::from_writer(out);
    out.write_record(columns::names(&custom)).map_err(failed)?;
    let mut names = Names::default();
    let mut numbers = Numbers::new(account, None);
    while let Some(page) = numbers.next(database).await? {
        names.learn(database, &page).await?;
        for number in &page {
            let cells = Cells::new(number, names.of(number))
                .row(&custom)
                .map_err(|key| {
                    let message = format!("a custom field '{key}' came up meanwhile: export again");
                    Failure::new(Code::Failure, message)
                })?;
            out.write_record(cells).map_err(failed)?;
        }
    }
    Ok(out.flush()?)
}

async fn custom_fields(database: &Database, account: Option<AccountId>) -> Outcome<Vec<String>> {
    let mut keys = BTreeSet::new();
    let mut numbers = Numbers::new(account, None);
    while let Some(page) = numbers.next(database).await? {
        for number in &page {
            if number.public.is_empty() {
                continue;
            }
            for key in Cells::new(number, "").custom() {
                if !keys.contains(key) {
                    keys.insert(key.clone());
                }
            }
        }
        if keys.len() > MOST_COLUMNS {
            let message =
                format!("more than {MOST_COLUMNS} different custom fields can't be columns");
            return Err(Failure::new(Code::Failure, message));
        }
    }
    Ok(keys.into_iter().collect())
}

/// Names of accounts met so far.
#[derive(Default)]
struct Names(HashMap<AccountId, String>);

impl Names {
    async fn learn(&mut self, database: &Database, page: &[Number]) -> Outcome {
        let new: BTreeSet<&AccountId> = page
            .iter()
            .filter_map(|number| number.owner.as_ref())
            .filter(|id| !self.0.contains_key(*id))
            .collect();
        let new: Vec<AccountId> = new.into_iter().cloned().collect();
        let found = database.store.accounts(&new).await?;
        for account in found.into_iter().flatten() {
            self.0.insert(account.id.clone(), account.name.clone());
        }
        Ok(())
    }

    fn of(&self, number: &Number) -> &str {
        let name = number.owner.as_ref().and_then(|id| self.0.get(id));
        name.map_or("", String::as_str)
    }
}

fn failed(error: csv::Error) -> Failure {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => Failure::new(Code::Failure, format!("{other:?}")),
    }
}
