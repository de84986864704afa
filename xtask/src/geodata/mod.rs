//! `cargo xtask geodata`: makes the embedded table of the world's prefixes, and
//! compares what numberd says of numbers with libphonenumber's Python port.
//! docs/places.md says how to do it for a newer release.

mod build;
mod compare;
mod corpus;
mod port;
mod python;
mod random;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

/// Where a number is: the data, and how well it agrees
#[derive(Parser)]
#[command(name = "cargo xtask geodata", no_binary_name = true)]
enum Command {
    /// Make crates/places/data/geodata.bin of an unpacked Python package `phonenumbers`
    Build(build::Build),
    /// Compare look-ups with Python's port: answers of many numbers, and speed
    Compare(compare::Compare),
    /// Make the frozen corpus anew, and list where numberd and Python's port disagree
    Corpus(corpus::Corpus),
}

/// Does what the arguments say.
pub fn run(arguments: &[String]) -> Result<()> {
    match Command::try_parse_from(arguments).unwrap_or_else(|error| error.exit()) {
        Command::Build(options) => build::run(&options),
        Command::Compare(options) => compare::run(&options),
        Command::Corpus(options) => corpus::run(&options),
    }
}

/// Where the embedded file lies.
fn data_folder() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../crates/places/data"
    ))
}
