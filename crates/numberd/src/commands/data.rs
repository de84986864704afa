//! `numberd data`: tables that know better than the built-in data where numbers
//! are.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use engine::Context;
use engine::places::data_sets::{LoadError, built_in, loaded_on};
use places::overlay::{Row, read_table};
use serde_json::{Value, json};
use store::DataSet;

use crate::cli::{DataCommand, DataLoad, Format, Global};
use crate::database::{Access, Database};
use crate::exit::{Code, Failure, Outcome};
use crate::output::{self, List};

pub async fn run(global: &Global, command: DataCommand) -> Outcome {
    match command {
        DataCommand::List(format) => list(global, format).await,
        DataCommand::Load(options) => load(global, &options).await,
        DataCommand::Remove { name, format } => remove(global, &name, format).await,
    }
}

async fn list(global: &Global, format: Format) -> Outcome {
    let database = Database::for_command(global, Access::Read).await?;
    let columns = [
        ("name", 14),
        ("kind", 10),
        ("source", 24),
        ("date", 10),
        ("rows", 8),
        ("state", 0),
    ];
    let mut list = List::new(format.json, &columns);
    let mut sets = vec![built_in()];
    sets.extend(database.engine.data_sets().await?);
    for set in sets {
        list.row(|| cells(&set), || document(&set))?;
    }
    list.finish()?;
    Ok(())
}

async fn load(global: &Global, options: &DataLoad) -> Outcome {
    let rows = read(options)?;
    let named = options.name.clone();
    let name = named.unwrap_or_else(|| file_name(&options.file, Path::file_stem));
    let source = file_name(&options.file, Path::file_name);
    let database = Database::for_command(global, Access::Write).await?;
    let cx = Context::system("data");
    let loading = database
        .engine
        .load_data_set(&cx, &name, options.kind, &source, rows);
    let loaded = loading.await;
    database.close().await?;
    let set = loaded.map_err(refusal)?;
    let facts = [
        ("name", set.name.clone()),
        ("kind", set.kind.clone()),
        ("source", set.source.clone()),
        ("rows", set.rows.to_string()),
    ];
    output::facts(options.format.json, &facts, &document(&set))?;
    Ok(())
}

async fn remove(global: &Global, name: &str, format: Format) -> Outcome {
    let database = Database::for_command(global, Access::Write).await?;
    let removed = database.engine.remove_data_set(name).await;
    database.close().await?;
    if !removed? {
        return Err(Failure::not_found(format!("there is no table '{name}'")));
    }
    let facts = [("removed", name.to_owned())];
    output::facts(format.json, &facts, &json!({ "removed": name }))?;
    Ok(())
}

fn read(options: &DataLoad) -> Outcome<Vec<Row>> {
    let file = &options.file;
    let reader: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(file).map_err(|error| Failure::file(file, &error))?)
    };
    read_table(options.kind, reader).map_err(|error| {
        let message = format!("{}: {error}", file.display());
        Failure::new(Code::Usage, message)
    })
}

/// A part of the file's name; of the input there is none.
fn file_name(file: &Path, part: impl Fn(&Path) -> Option<&std::ffi::OsStr>) -> String {
    if file == Path::new("-") {
        return "input".to_owned();
    }
    part(file)
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn refusal(error: LoadError) -> Failure {
    match error {
        LoadError::Store(error) => error.into(),
        LoadError::Name => Failure::new(Code::Usage, error.to_string()),
        other => Failure::new(Code::Refused, other.to_string()),
    }
}

fn cells(set: &DataSet) -> Vec<String> {
    vec![
        set.name.clone(),
        set.kind.clone(),
        set.source.clone(),
        loaded_on(set.loaded),
        set.rows.to_string(),
        state(set).to_owned(),
    ]
}

fn document(set: &DataSet) -> Value {
    json!({
        "name": set.name,
        "kind": set.kind,
        "source": set.source,
        "date": loaded_on(set.loaded),
        "rows": set.rows,
        "state": state(set),
    })
}

/// Interrupted loads leave tables that nobody asks.
const fn state(set: &DataSet) -> &'static str {
    if set.parts.is_some() {
        "in use"
    } else {
        "incomplete"
    }
}
