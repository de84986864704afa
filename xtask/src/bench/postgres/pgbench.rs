//! pgbench: the client that PostgreSQL itself comes with, saying what numberd
//! was heard to say.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::server::Database;
use super::wire::{Param, Step};
use crate::bench::dataset;
use crate::bench::place::{Located, Place};

/// What takes the place of numbers in a script: the digits that were heard,
/// and the variable that holds others.
pub type Variable = (String, String);

/// A script that says what was heard: in the same order, waiting where was
/// waited, with other numbers.
pub fn script(setup: &str, steps: &[Step], variables: &[Variable]) -> String {
    let mut text = setup.to_owned();
    let flights = steps.chunk_by(|_, next| next.is_joined);
    for flight in flights {
        let statements: Vec<String> = flight
            .iter()
            .flat_map(|step| statements(step, variables))
            .collect();
        let together = statements.len() > 1;
        if together {
            text.push_str("\\startpipeline\n");
        }
        for statement in statements {
            // Writing into a string can't fail.
            let _ = writeln!(text, "{statement};");
        }
        if together {
            text.push_str("\\endpipeline\n");
        }
    }
    text
}

/// What a step says; more than one where it was said in one text.
fn statements(step: &Step, variables: &[Variable]) -> Vec<String> {
    if step.params.is_empty() {
        return step
            .sql
            .split(';')
            .map(|one| one.trim().to_owned())
            .collect();
    }
    let mut sql = step.sql.clone();
    // From the last, so that $1 isn't taken for the beginning of $10.
    for (index, param) in step.params.iter().enumerate().rev() {
        sql = sql.replace(&format!("${}", index + 1), &literal(param, variables));
    }
    vec![sql]
}

fn literal(param: &Param, variables: &[Variable]) -> String {
    match param {
        Param::Null => "NULL".to_owned(),
        Param::Bool(truth) => truth.to_string(),
        Param::Int8(number) => number.to_string(),
        // The slot of a counter: each of numberd's writers has its own, so each
        // client has.
        Param::Int4(_) => ":client_id".to_owned(),
        Param::Text(text) => quoted(text, variables),
        Param::Texts(texts) => {
            let texts: Vec<String> = texts.iter().map(|text| quoted(text, variables)).collect();
            format!("ARRAY[{}]::TEXT[]", texts.join(", "))
        }
    }
}

/// A text in which digits that stand for a number are those of a variable.
fn quoted(text: &str, variables: &[Variable]) -> String {
    let found = variables
        .iter()
        .find_map(|(digits, name)| Some((text.split_once(digits.as_str())?, name)));
    let Some(((before, after), name)) = found else {
        // Colons would be taken for variables.
        let escaped = text.replace('\\', "\\\\").replace('\'', "\\'");
        return format!("E'{}'", escaped.replace(':', "\\x3a").replace('$', "\\x24"));
    };
    let before = quoted(before, variables);
    let number = format!("{before} || :{name}::TEXT");
    if after.is_empty() {
        return format!("({number})");
    }
    format!("({number} || {})", quoted(after, variables))
}

/// The statements as they stand in the table's notes.
pub fn shown(steps: &[Step]) -> String {
    let mut texts: Vec<(String, usize)> = Vec::new();
    for step in steps {
        let sql = step.sql.split_whitespace().collect::<Vec<_>>().join(" ");
        match texts.iter_mut().find(|(text, _)| *text == sql) {
            Some((_, times)) => *times += 1,
            None => texts.push((sql, 1)),
        }
    }
    let texts = texts.iter().map(|(text, times)| match times {
        1 => format!("  - `{text}`"),
        _ => format!("  - {times} times `{text}`"),
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// Sets `n` to one of these numbers, by chance.
pub fn one_of(numbers: &[String]) -> String {
    let last = numbers.len().saturating_sub(1);
    format!(
        "\\set i random(0, {last})\n\\set n {}\n",
        choice("i", numbers, 0)
    )
}

/// An expression that is one of `values` by a variable: pgbench has no arrays.
fn choice(variable: &str, values: &[String], from: usize) -> String {
    match values {
        [] => "0".to_owned(),
        [one] => one.clone(),
        more => {
            let (low, high) = more.split_at(more.len() / 2);
            let middle = from + low.len();
            let low = choice(variable, low, from);
            let high = choice(variable, high, middle);
            format!("CASE WHEN :{variable} < {middle} THEN {low} ELSE {high} END")
        }
    }
}

/// Sets variables to numbers that nobody had, as [`dataset::number`] makes
/// them, `each` at a time in each of so many clients.
pub fn fresh(from: u64, clients: usize, variables: &[Variable]) -> String {
    let codes: Vec<String> = (0..dataset::CODES)
        .map(|index| dataset::area_code(index).to_string())
        .collect();
    let code = choice("c", &codes, 0);
    let each = variables.len();
    let mut text =
        format!("\\set k :k + 1\n\\set p {from} + (:k * {clients} + :client_id) * {each}\n");
    for (index, (_, name)) in variables.iter().enumerate() {
        let [first, stride, all] = dataset::SUBSCRIBERS;
        let codes = dataset::CODES;
        // Writing into a string can't fail.
        let _ = write!(
            text,
            "\\set q :p + {index}\n\\set c :q % {codes}\n\
             \\set {name} 10000000000 + ({code}) * 10000000 + {first} + (:q / {codes} * {stride}) % {all}\n"
        );
    }
    text
}

/// What pgbench reached.
pub struct Reached {
    pub per_second: f64,
    pub transactions: u64,
}

/// Runs scripts, one by chance each time, with so many clients.
pub fn run(
    place: &Place,
    database: &Database,
    scripts: &[String],
    clients: usize,
    duration: Duration,
) -> Result<Reached> {
    let mut command = Command::new("pgbench");
    let threads = thread::available_parallelism()?.get().min(clients);
    command.args(["--no-vacuum", "--protocol=prepared", "--define=k=0"]);
    command.args([
        format!("--client={clients}"),
        format!("--jobs={threads}"),
        format!("--time={}", duration.as_secs().max(1)),
    ]);
    for (index, script) in scripts.iter().enumerate() {
        let file = place.file(&format!("script-{index}.sql"));
        fs::write(&file, script)?;
        command.arg("--file").arg(file);
    }
    let output = command.arg(database.url()).output().context(
        "pgbench can't be started: it comes with PostgreSQL (`apt-get install postgresql-contrib` or `postgresql`)",
    )?;
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "pgbench failed: {wrong}");
    // With a client that gave up it would be a smaller load.
    ensure!(
        !wrong.contains("abort") && !wrong.contains("ERROR"),
        "pgbench: {wrong}"
    );
    let after = |what: &str| said.lines().find_map(|line| line.strip_prefix(what));
    let word = |text: &str| text.split([' ', '/']).next().map(str::to_owned);
    let per_second = after("tps = ").and_then(|rest| word(rest)?.parse().ok());
    let transactions = after("number of transactions actually processed: ");
    let transactions = transactions.and_then(|rest| word(rest)?.parse().ok());
    match (per_second, transactions) {
        (Some(per_second), Some(transactions)) => Ok(Reached {
            per_second,
            transactions,
        }),
        _ => bail!("pgbench said: {said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_is_said_again_with_other_numbers() {
        let step = |sql: &str, params: Vec<Param>, is_joined| Step {
            sql: sql.to_owned(),
            params,
            is_joined,
        };
        let text = |text: &str| Param::Text(text.to_owned());
        let steps = [
            step("BEGIN; SET LOCAL x = 1", vec![], false),
            step(
                "SELECT $1, $2",
                vec![text("+14155550100"), Param::Int8(3)],
                true,
            ),
            step("SELECT $1", vec![text("{\"a\":'b'}")], false),
        ];
        let variables = [("14155550100".to_owned(), "n".to_owned())];
        assert_eq!(
            script("", &steps, &variables),
            "\\startpipeline\nBEGIN;\nSET LOCAL x = 1;\nSELECT (E'+' || :n::TEXT), 3;\n\
             \\endpipeline\nSELECT E'{\"a\"\\x3a\\'b\\'}';\n"
        );
    }

    #[test]
    fn a_choice_finds_each_of_its_values() {
        let values: Vec<String> = (10..15).map(|n| n.to_string()).collect();
        let text = choice("i", &values, 0);
        assert!(values.iter().all(|value| text.contains(value.as_str())));
        assert_eq!(text.matches("CASE").count(), 4);
    }
}
