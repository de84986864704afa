//! What came of a soak: for a terminal, and for docs/reliability.md.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::tally::explained;
use super::{GLANCE, Options, Outcome, WARM_UP};
use crate::bench::machine::Machine;
use crate::bench::report::grouped;

/// So many broken promises are shown; their number is, too.
const SHOWN: usize = 20;
const EXPLANATION: &str = include_str!("reliability.md");

/// All of it, as Markdown.
pub fn text(outcome: &Outcome, options: &Options) -> String {
    let mut text = String::new();
    // Writing into a string can't fail.
    let _ = write_text(&mut text, outcome, options);
    text
}

fn write_text(text: &mut String, outcome: &Outcome, options: &Options) -> std::fmt::Result {
    let Outcome { tally, .. } = outcome;
    writeln!(
        text,
        "{}, {} minutes, {} calls, {} kills, seed {}.\n",
        outcome.engine,
        options.minutes,
        grouped(tally.total()),
        outcome.kills / 2,
        options.seed
    )?;
    writeln!(text, "| what clients did | what came | how often | why |")?;
    writeln!(text, "| --- | --- | --- | --- |")?;
    for (deed, result, count) in tally.rows() {
        let why = explained(*deed, result).unwrap_or("**nothing explains it**");
        writeln!(
            text,
            "| {} | {} | {} | {why} |",
            deed.name(),
            result.name(),
            grouped(count)
        )?;
    }
    writeln!(text)?;
    writeln!(text, "- {}", memory(outcome))?;
    for checked in &outcome.checked {
        writeln!(text, "- {checked}")?;
    }
    if outcome.lost.is_empty() {
        return writeln!(text, "- lost or contradicted: nothing");
    }
    for lost in outcome.lost.iter().take(SHOWN) {
        writeln!(text, "- **broken**: {lost}")?;
    }
    writeln!(text, "- broken: {} in all", outcome.lost.len())
}

fn memory(outcome: &Outcome) -> String {
    if outcome.kills > 0 {
        return "memory: not looked at, the server began anew after each kill".to_owned();
    }
    let memory = &outcome.memory;
    if memory.len() < 2 {
        return "memory: the soak was too short".to_owned();
    }
    let (least, most) = memory.range();
    format!(
        "memory after the first {:.0} % of the time: {least:.0} to {most:.0} MiB, {:+.0} KiB a minute \
         (least squares over {} samples, one each {} s)",
        100.0 * WARM_UP,
        memory.slope(),
        memory.len(),
        GLANCE.as_secs()
    )
}

/// Writes the promises with this result.
pub fn write(
    file: &Path,
    outcome: &Outcome,
    options: &Options,
    arguments: &[String],
) -> Result<()> {
    let machine = Machine::this(Path::new("/"));
    let mut command = "cargo xtask soak".to_owned();
    for argument in arguments {
        command.extend([" ", argument]);
    }
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d");
    let told = [
        ("{command}", command),
        ("{date}", date.to_string()),
        ("{commit}", machine.commit),
        ("{processor}", machine.processor),
        ("{cores}", machine.cores.to_string()),
        ("{soak}", text(outcome, options).trim_end().to_owned()),
    ];
    let put = |text: String, (place, value): &(&str, String)| text.replace(place, value);
    let text = told.iter().fold(EXPLANATION.to_owned(), put);
    fs::write(file, text).with_context(|| format!("can't write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A promise is worth what its tests are: each that is named must be there.
    #[test]
    fn the_tests_that_are_named_exist() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut named = 0;
        for row in EXPLANATION.lines().filter(|line| line.starts_with("| ")) {
            let texts: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
            let files: Vec<String> = texts
                .iter()
                .filter(|text| text.starts_with("crates/"))
                .map(|file| fs::read_to_string(root.join(file)).expect(file))
                .collect();
            for test in texts
                .iter()
                .filter(|text| text.contains('_') && !text.contains(['/', ' ']))
            {
                let is_there = files
                    .iter()
                    .any(|file| file.contains(&format!("fn {test}(")));
                assert!(is_there, "{test} in none of the files of its row: {row}");
                named += 1;
            }
        }
        assert!(named > 10, "only {named} tests are named");
    }
}
