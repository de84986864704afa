//! The layout's rules: arrows between crates point inwards only, and no file
//! grows past what one can hold in one's head.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Crates from the inside out; each may use only those before it.
const INWARDS: [&[&str]; 6] = [
    &["numbers", "outside", "simulators", "test-postgres"],
    &["store", "places", "providers"],
    &["carriers"],
    &["store-sqlite", "store-postgres", "engine"],
    &["api"],
    &["numberd", "fuzzing"],
];

/// Lines of a source file, tests aside: about 500, and a little over is no
/// reason to tear apart what belongs together.
const MOST_LINES: usize = 550;

/// Checks every rule, and names each breach.
pub fn check(root: &Path) -> Result<()> {
    let crates = root.join("crates");
    let mut breaches = Vec::new();
    for (level, names) in INWARDS.iter().enumerate() {
        let inside: Vec<&str> = INWARDS[..level]
            .iter()
            .copied()
            .flatten()
            .copied()
            .collect();
        for name in *names {
            check_arrows(&crates.join(name), name, &inside, &mut breaches)?;
        }
    }
    for entry in fs::read_dir(&crates)? {
        let name = entry?.file_name();
        if !INWARDS
            .iter()
            .copied()
            .flatten()
            .any(|known| name == *known)
        {
            let name = name.display();
            breaches.push(format!("{name} has no place among the crates (INWARDS)"));
        }
    }
    let mut files = Vec::new();
    rust_files(&crates, &mut files)?;
    for file in files {
        let lines = fs::read_to_string(&file)?.lines().count();
        if lines > MOST_LINES {
            breaches.push(format!(
                "{}: {lines} lines, more than {MOST_LINES}",
                file.display()
            ));
        }
    }
    if breaches.is_empty() {
        return Ok(());
    }
    bail!("the layout is broken:\n{}", breaches.join("\n"));
}

/// The product's dependencies only: tests may reach outwards.
fn check_arrows(
    folder: &Path,
    name: &str,
    inside: &[&str],
    breaches: &mut Vec<String>,
) -> Result<()> {
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest)
        .with_context(|| format!("can't read {}", manifest.display()))?;
    let ours: Vec<&str> = INWARDS.iter().copied().flatten().copied().collect();
    let mut in_dependencies = false;
    for line in text.lines() {
        if line.starts_with('[') {
            in_dependencies = line == "[dependencies]";
        }
        let used = line.split(['.', ' ', '=']).next().unwrap_or_default();
        if in_dependencies && ours.contains(&used) && !inside.contains(&used) {
            breaches.push(format!("{name} uses {used}, which isn't further inside"));
        }
    }
    Ok(())
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if path.is_dir() && !matches!(name, "tests" | "benches" | "target") {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") && name != "tests.rs" {
            files.push(path);
        }
    }
    Ok(())
}
