//! The project's own commands: `cargo xtask check`, `cargo xtask bench`,
//! `cargo xtask growth`, `cargo xtask soak`, `cargo xtask geodata`,
//! `cargo xtask schema`, `cargo xtask fuzz`.

#[cfg(feature = "bench")]
mod bench;
mod fuzz;
#[cfg(feature = "geodata")]
mod geodata;
mod layout;
mod licences;
mod schema;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

/// The binary's own, so that the bare server has no other.
#[cfg(feature = "bench")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    match arguments.next().as_deref() {
        Some("check") => check(),
        Some(command @ ("bench" | "growth" | "soak")) => {
            bench(command, &arguments.collect::<Vec<_>>())
        }
        Some("schema") => schema::run(&root(), &arguments.collect::<Vec<_>>()),
        Some("fuzz") => fuzz::run(&root(), &arguments.collect::<Vec<_>>()),
        Some("geodata") => geodata(&arguments.collect::<Vec<_>>()),
        #[cfg(feature = "bench")]
        Some(bench::BARE_HTTP) => bench::bare_http(arguments),
        Some(other) => bail!("'{other}' is not a command; {COMMANDS}"),
        None => bail!("which command? {COMMANDS}"),
    }
}

const COMMANDS: &str = "commands are: check, bench, growth, soak, geodata, schema, fuzz";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A command of the cargo that runs this, for the workspace. It isn't told what
/// cargo said of this package: build scripts of libraries look at that, and would
/// have everything built anew.
fn cargo(command: &str) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.arg(command).arg("--manifest-path");
    cargo.arg(root().join("Cargo.toml"));
    let of_package = ["CARGO_MANIFEST_", "CARGO_PKG_"];
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if of_package.iter().any(|start| text.starts_with(start)) {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// The rules that no other tool knows.
fn check() -> Result<()> {
    let root = root();
    layout::check(&root)?;
    licences::check(&root)
}

#[cfg(feature = "bench")]
fn bench(command: &str, arguments: &[String]) -> Result<()> {
    match command {
        "growth" => bench::growth(arguments),
        "soak" => bench::soak(arguments),
        _ => bench::run(arguments),
    }
}

#[cfg(not(feature = "bench"))]
fn bench(command: &str, arguments: &[String]) -> Result<()> {
    again("bench", command, arguments)
}

#[cfg(feature = "geodata")]
fn geodata(arguments: &[String]) -> Result<()> {
    geodata::run(arguments)
}

#[cfg(not(feature = "geodata"))]
fn geodata(arguments: &[String]) -> Result<()> {
    again("geodata", "geodata", arguments)
}

/// Starts itself again, optimised and with what only this command needs: a
/// feature.
#[cfg(not(all(feature = "bench", feature = "geodata")))]
fn again(feature: &str, command: &str, arguments: &[String]) -> Result<()> {
    let status = cargo("run")
        .args(["--quiet", "--release", "--package", "xtask"])
        .args(["--features", feature, "--", command])
        .args(arguments)
        .status()?;
    if status.success() {
        return Ok(());
    }
    bail!("{command} failed: {status}")
}
