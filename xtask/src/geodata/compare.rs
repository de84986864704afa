//! Look-ups beside those of Python's port: whether they agree, and how long
//! each takes.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use numbers::e164::E164;
use places::{Geodata, about};

use super::port::Python;
use super::random::Random;

/// Options of `compare`.
#[derive(Args)]
pub struct Compare {
    #[command(flatten)]
    python: Python,
    /// How many numbers
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    numbers: u32,
    /// Where the row of numbers begins
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Prints agreement and speed; disagreement is an error.
pub fn run(options: &Compare) -> Result<()> {
    let sample = sample(options);
    let lines: Vec<String> = sample.iter().map(ToString::to_string).collect();
    let (theirs, last) = options.python.ask("places", &lines)?;
    let [version, look_up, view] = last.split(' ').collect::<Vec<_>>()[..] else {
        bail!("Python's times can't be read: {last}");
    };
    let geodata = Geodata::embedded();
    if version != geodata.version() {
        bail!(
            "the embedded data is of {}, the port of {version}: install that version of the port, \
             or build the data anew",
            geodata.version()
        );
    }
    let mut agreeing = 0;
    for (number, theirs) in sample.iter().zip(&theirs) {
        let ours = answer(number);
        if ours == *theirs {
            agreeing += 1;
        } else {
            println!("{number}: ours {ours:?}, theirs {theirs:?}");
        }
    }
    let count = sample.len();
    println!("libphonenumber {version}: {agreeing} of {count} numbers agree");
    print_speed("a place by its prefix", look_up, || {
        for number in &sample {
            black_box(geodata.place(black_box(number.digits())));
        }
        count
    })?;
    print_speed("text to place, carrier, time zones", view, || {
        for number in &sample {
            black_box(about(black_box(number)));
        }
        count
    })?;
    if agreeing < count {
        bail!("{} numbers disagree", count - agreeing);
    }
    Ok(())
}

fn print_speed(what: &str, theirs: &str, work: impl Fn() -> usize) -> Result<()> {
    // The second round: the first brings the table into memory.
    work();
    let begun = Instant::now();
    let count = work();
    let ours = begun.elapsed().as_nanos() / count.max(1) as u128;
    let theirs: u128 = theirs.parse().context("a time of Python's")?;
    let factor = theirs / ours.max(1);
    println!("{what}: {ours} ns, Python's port {theirs} ns ({factor} times as long)");
    Ok(())
}

/// What the port prints of a number, of ours.
fn answer(number: &E164) -> String {
    match about(number) {
        None => "-".to_owned(),
        Some(about) => format!(
            "{}\t{}\t{}",
            about.description.unwrap_or_default(),
            about.carrier.unwrap_or_default(),
            about.time_zones.join(" ")
        ),
    }
}

/// Numbers over all prefixes of all tables, and some over none.
fn sample(options: &Compare) -> Vec<E164> {
    let mut random = Random::new(options.seed);
    let geodata = Geodata::embedded();
    let mut prefixes: Vec<String> = Vec::new();
    for table in [
        geodata.places(),
        geodata.carriers(),
        geodata.time_zone_table(),
    ] {
        prefixes.extend(table.prefixes("").map(|(prefix, _)| prefix));
    }
    let mut sample = Vec::new();
    while sample.len() < options.numbers as usize {
        let mut digits = match random.below(10) {
            0 => random.digits(3),
            _ => random.pick(&prefixes).clone(),
        };
        let length = 9 + random.below(5);
        digits.push_str(&random.digits(length.saturating_sub(digits.len())));
        sample.extend(E164::try_from(format!("+{digits}").as_str()));
    }
    sample
}
