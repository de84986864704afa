//! `numberd carrier`: whether carriers and we agree on what is ours.

use std::collections::HashSet;
use std::io;

use carriers::Cost;
use csv::Writer;
use engine::Context;
use engine::reconcile::{Difference, ReconcileError, Reconciliation};
use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use serde_json::{Value, json};

use crate::cli::{CarrierCommand, Global, Reconcile};
use crate::database::{Access, Database};
use crate::exit::{Code, Failure, Outcome};
use crate::output::{self, List};

pub async fn run(global: &Global, command: CarrierCommand) -> Outcome {
    let CarrierCommand::Reconcile(options) = command;
    let access = if options.adopt || options.release {
        Access::Write
    } else {
        Access::Read
    };
    let database = Database::for_command(global, access).await?;
    let reconciled = reconcile(&database, &options).await;
    database.close().await?;
    reconciled
}

async fn reconcile(database: &Database, options: &Reconcile) -> Outcome {
    let name = CarrierName::new(&options.carrier);
    let reseller = match &options.reseller {
        Some(text) => Some(database.account(text).await?.id.clone()),
        None => None,
    };
    let asked = database.engine.reconcile(&name, reseller.as_ref());
    let mut report = asked.await.map_err(failure)?;
    if !options.only.is_empty() {
        let keys = options.only.iter().map(|text| database.key(text));
        report.keep_only(&keys.collect::<Outcome<HashSet<E164>>>()?);
    }
    let done = repair(database, options, &report).await?;
    let rows = report.differences.iter();
    let rows = rows.map(|difference| Row {
        difference,
        done: done.of(&difference.number),
    });
    tell(&report, rows.collect(), options)?;
    match report.differences.len() - done.numbers.len() {
        0 => Ok(()),
        _ => Err(Failure::silent(Code::Failure)),
    }
}

/// What was done, and with which numbers.
#[derive(Default)]
struct Done {
    what: &'static str,
    numbers: HashSet<E164>,
}

impl Done {
    fn of(&self, number: &E164) -> &'static str {
        if self.numbers.contains(number) {
            self.what
        } else {
            ""
        }
    }
}

async fn repair(
    database: &Database,
    options: &Reconcile,
    report: &Reconciliation,
) -> Outcome<Done> {
    let cx = Context::system("reconcile");
    let engine = &database.engine;
    if options.adopt {
        let account = match &options.account {
            Some(text) => Some(database.account(text).await?.id.clone()),
            None => None,
        };
        let adopted = engine.adopt(&cx, report, account.as_ref()).await?;
        return Ok(Done {
            what: "adopted",
            numbers: adopted.into_iter().collect(),
        });
    }
    if options.release {
        let orders = engine.give_back_orphans(&cx, report).await?;
        let ended = orders.iter().filter(|order| order.state().is_final());
        let numbers = ended.flat_map(|order| &order.numbers);
        return Ok(Done {
            what: "released",
            numbers: numbers.map(|line| line.number.clone()).collect(),
        });
    }
    Ok(Done::default())
}

/// A line of the report.
struct Row<'r> {
    difference: &'r Difference,
    done: &'static str,
}

const COLUMNS: [(&str, usize); 8] = [
    ("number", 16),
    ("difference", 15),
    ("suggestion", 11),
    ("done", 0),
    ("state", 10),
    ("account", 32),
    ("cost", 0),
    ("details", 0),
];

impl Row<'_> {
    fn cells(&self) -> Vec<String> {
        let Difference {
            number,
            kind,
            suggestion,
            state,
            account,
            order,
            cost,
            attributes,
            ..
        } = self.difference;
        let mut details = Vec::new();
        details.extend(order.as_ref().map(|order| format!("order {order}")));
        if !attributes.is_empty() {
            details.push(Value::Object(attributes.clone()).to_string());
        }
        vec![
            number.to_string(),
            kind.as_str().to_owned(),
            suggestion.as_str().to_owned(),
            self.done.to_owned(),
            state.map(|state| state.to_string()).unwrap_or_default(),
            account
                .as_ref()
                .map(AccountId::to_string)
                .unwrap_or_default(),
            cost.as_ref().map(money).unwrap_or_default(),
            details.join(" "),
        ]
    }

    fn document(&self) -> Value {
        let mut document = json!(self.difference);
        if !self.done.is_empty() {
            document["done"] = json!(self.done);
        }
        document
    }
}

fn money(cost: &Cost) -> String {
    let setup = cost.setup.map(|setup| format!("{setup} setup, "));
    let setup = setup.unwrap_or_default();
    format!("{} {setup}{} monthly", cost.currency, cost.monthly)
}

fn tell(report: &Reconciliation, rows: Vec<Row<'_>>, options: &Reconcile) -> Outcome {
    if options.csv {
        let mut out = Writer::from_writer(io::stdout().lock());
        let failed = |error: csv::Error| Failure::from(io::Error::from(error));
        out.write_record(COLUMNS.map(|(name, _)| name))
            .map_err(failed)?;
        for row in rows {
            out.write_record(row.cells()).map_err(failed)?;
        }
        return Ok(out.flush()?);
    }
    if options.format.json {
        let mut document = json!(report);
        document["differences"] = rows.iter().map(Row::document).collect();
        return Ok(output::json(&document)?);
    }
    let found = rows.len();
    let mut list = List::new(false, &COLUMNS);
    for row in rows {
        list.row(|| row.cells(), || Value::Null)?;
    }
    list.finish()?;
    Ok(output::line(&format!(
        "{}: {} ours ({} wait for an order), {} theirs: {found} differences",
        report.carrier, report.ours, report.waiting, report.theirs
    ))?)
}

fn failure(error: ReconcileError) -> Failure {
    match error {
        ReconcileError::NotAsked(_) => Failure::not_found(error.to_string()),
        ReconcileError::Store(error) => error.into(),
        ReconcileError::Carrier(_) | ReconcileError::Endless(_) => {
            Failure::new(Code::Failure, error.to_string())
        }
    }
}
