//! The numberd server and its command line.

mod cli;
mod commands;
mod config;
mod database;
mod demo;
mod exit;
mod jobs;
mod logging;
mod output;
mod server;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let outcome = cli::run();
    logging::flush();
    exit::report(outcome)
}
