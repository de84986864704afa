//! `numberd carrier`: whether carriers and we agree on what is ours.

use std::collections::HashSet;
use std::io;

use carriers::Cost;
use csv::Writer;
use engine::Context;
use engine::reconcile::{CarrierAccount, Difference, ReconcileError, Reconciled, Reconciliation};
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
    let mut reports = Vec::new();
    for (account, report) in compared(database, options).await? {
        let report = match report {
            Ok(mut report) => {
                if !options.only.is_empty() {
                    let keys = options.only.iter().map(|text| database.key(text));
                    report.keep_only(&keys.collect::<Outcome<HashSet<E164>>>()?);
                }
                let done = repair(database, options, &report).await?;
                Ok((report, done))
            }
            Err(error) => Err(error.to_string()),
        };
        reports.push((account, report));
    }
    tell(&reports, options)?;
    let is_left = |report: &Told| match report {
        Ok((report, done)) => report.differences.len() > done.numbers.len(),
        Err(_) => true,
    };
    if reports.iter().any(|(_, report)| is_left(report)) {
        return Err(Failure::silent(Code::Failure));
    }
    Ok(())
}

/// What an account's report says, and what was done about it; or why there is
/// none.
type Told = Result<(Reconciliation, Done), String>;

/// The reports: of every account at the carrier, or of the one that is named.
/// Changes are made to one only.
async fn compared(database: &Database, options: &Reconcile) -> Outcome<Vec<Reconciled>> {
    let engine = &database.engine;
    let carrier = CarrierName::new(&options.carrier);
    let reseller = match &options.reseller {
        Some(text) => Some(database.account(text).await?.id.clone()),
        None => None,
    };
    if reseller.is_some() || options.adopt || options.release {
        let account = CarrierAccount { carrier, reseller };
        let report = engine.reconcile(&account).await.map_err(failure)?;
        return Ok(vec![(account, Ok(report))]);
    }
    let mut all = engine.reconcile_all(Some(&carrier)).await?;
    match all.len() {
        0 => Err(failure(ReconcileError::NotAsked(carrier))),
        1 => match all.remove(0) {
            (account, Ok(report)) => Ok(vec![(account, Ok(report))]),
            (_, Err(error)) => Err(failure(error)),
        },
        _ => Ok(all),
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
    reseller: Option<&'r AccountId>,
    done: &'static str,
}

const COLUMNS: [(&str, usize); 9] = [
    ("number", 16),
    ("difference", 15),
    ("suggestion", 11),
    ("done", 0),
    ("state", 10),
    ("account", 32),
    ("reseller", 0),
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
            self.reseller.map(AccountId::to_string).unwrap_or_default(),
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

fn rows(reports: &[(CarrierAccount, Told)]) -> impl Iterator<Item = Row<'_>> {
    let told = reports
        .iter()
        .filter_map(|(_, report)| report.as_ref().ok());
    told.flat_map(|(report, done)| {
        report.differences.iter().map(|difference| Row {
            difference,
            reseller: report.account.reseller.as_ref(),
            done: done.of(&difference.number),
        })
    })
}

fn tell(reports: &[(CarrierAccount, Told)], options: &Reconcile) -> Outcome {
    if options.format.json {
        let documents = reports.iter().map(|told| match &told.1 {
            Ok((report, _)) => {
                let mut document = json!(report);
                let rows = rows(std::slice::from_ref(told));
                document["differences"] = rows.map(|row| row.document()).collect();
                document
            }
            Err(error) => {
                let mut document = json!(told.0);
                document["error"] = json!(error);
                document
            }
        });
        let documents = documents.collect();
        return Ok(output::json(&Value::Array(documents))?);
    }
    for (_, report) in reports {
        if let Err(error) = report {
            output::note(error);
        }
    }
    if options.csv {
        let mut out = Writer::from_writer(io::stdout().lock());
        let failed = |error: csv::Error| Failure::from(io::Error::from(error));
        out.write_record(COLUMNS.map(|(name, _)| name))
            .map_err(failed)?;
        for row in rows(reports) {
            out.write_record(row.cells()).map_err(failed)?;
        }
        return Ok(out.flush()?);
    }
    let mut list = List::new(false, &COLUMNS);
    for row in rows(reports) {
        list.row(|| row.cells(), || Value::Null)?;
    }
    list.finish()?;
    for (account, report) in reports {
        if let Ok((report, _)) = report {
            output::line(&format!(
                "{account}: {} ours ({} wait for an order), {} theirs: {} differences",
                report.ours,
                report.waiting,
                report.theirs,
                report.differences.len()
            ))?;
        }
    }
    Ok(())
}

fn failure(error: ReconcileError) -> Failure {
    match error {
        ReconcileError::NotAsked(_) => Failure::not_found(error.to_string()),
        ReconcileError::Store(error) => error.into(),
        ReconcileError::Unusable { .. }
        | ReconcileError::Carrier(_)
        | ReconcileError::Endless(_) => Failure::new(Code::Failure, error.to_string()),
    }
}
