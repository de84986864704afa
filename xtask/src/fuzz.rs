//! `cargo xtask fuzz`: the targets of `fuzz/`, each for some minutes.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Runs one target, or all of them in turn: `[TARGET] [--minutes N]` (10). What it
/// finds on the way is kept in `fuzz/corpus`, what breaks a target in
/// `fuzz/artifacts`.
pub fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let folder = root.join("fuzz");
    let mut minutes: u64 = 10;
    let mut targets = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--minutes" {
            let text = arguments.next().context("--minutes wants a number")?;
            minutes = text
                .parse()
                .with_context(|| format!("'{text}' is not a number"))?;
        } else if folder.join(format!("fuzz_targets/{argument}.rs")).is_file() {
            targets.push(argument.clone());
        } else {
            bail!("'{argument}' is no target; they are the files of fuzz/fuzz_targets");
        }
    }
    if targets.is_empty() {
        for file in fs::read_dir(folder.join("fuzz_targets"))? {
            let path = file?.path();
            targets.extend(
                path.file_stem()
                    .map(|name| name.to_string_lossy().into_owned()),
            );
        }
        targets.sort();
    }
    for target in targets {
        let corpus = format!("corpus/{target}");
        fs::create_dir_all(folder.join(&corpus))?;
        // Without a sanitizer: no unsafe code is ours, and it is faster.
        let status = Command::new("cargo")
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("CARGO")
            .args([
                "+nightly",
                "fuzz",
                "run",
                "--sanitizer",
                "none",
                &target,
                &corpus,
            ])
            .arg(format!("seeds/{target}"))
            .args([
                "--",
                &format!("-max_total_time={}", minutes * 60),
                "-max_len=4096",
            ])
            .current_dir(&folder)
            .status()?;
        if !status.success() {
            bail!(
                "{target} failed ({status}); what broke it is in fuzz/artifacts/{target}. It needs \
                 a nightly compiler and 'cargo install --locked cargo-fuzz'"
            );
        }
    }
    Ok(())
}
