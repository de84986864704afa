//! `numberd migrate`: prepares a database without serving it.

use crate::cli::{Global, Migrate};
use crate::database::{Access, Database};
use crate::exit::Outcome;
use crate::output;

pub async fn run(global: &Global, options: &Migrate) -> Outcome {
    // Opening is what migrates.
    let database = Database::for_command(global, Access::Create).await?;
    let distributed = if options.citus {
        database.distribute().await
    } else {
        Ok(())
    };
    database.close().await?;
    distributed?;
    output::line("the database is up to date")?;
    Ok(())
}
