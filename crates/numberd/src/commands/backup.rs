//! `numberd backup`: a copy of the database as it is at this moment.

use std::path::Path;

use crate::cli::Global;
use crate::database::{Access, Database};
use crate::exit::Outcome;
use crate::output;

pub async fn run(global: &Global, file: &Path) -> Outcome {
    let database = Database::for_command(global, Access::Read).await?;
    database.backup(file).await?;
    let bytes = std::fs::metadata(file)?.len();
    output::line(&format!("{}: {bytes} bytes", file.display()))?;
    Ok(())
}
