//! What numberd is built from: under the licences that deny.toml allows, from
//! the public registry. `cargo deny check` looks at the same file and knows
//! more; this needs nothing installed.

use std::iter::Peekable;
use std::path::Path;
use std::str::SplitWhitespace;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::cargo;

/// The machines that numberd is made for; others may build it.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// Checks every dependency, and names each breach.
pub fn check(root: &Path) -> Result<()> {
    let allowed = allowed(root)?;
    let mut breaches = Vec::new();
    for package in dependencies()? {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let name = text("name");
        if !text("source").contains("crates.io") {
            breaches.push(format!("{name} comes from '{}'", text("source")));
        }
        let licence = text("license");
        if !permits(licence, &allowed) {
            breaches.push(format!("{name} is under '{licence}'"));
        }
    }
    if breaches.is_empty() {
        return Ok(());
    }
    bail!("deny.toml doesn't allow:\n{}", breaches.join("\n"));
}

/// The licences in deny.toml.
fn allowed(root: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(root.join("deny.toml")).context("can't read deny.toml")?;
    let rules: toml::Table = text.parse()?;
    let allowed = rules["licenses"]["allow"].clone().try_into()?;
    Ok(allowed)
}

/// Everything but the workspace's own crates.
fn dependencies() -> Result<Vec<Value>> {
    let output = cargo("metadata")
        .args(["--format-version", "1", "--locked"])
        .args(["--filter-platform", PLATFORM])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo metadata: {said}");
    let mut metadata: Value = serde_json::from_slice(&output.stdout)?;
    let Value::Array(mut packages) = metadata["packages"].take() else {
        bail!("cargo metadata lists no packages");
    };
    packages.retain(|package| !package["source"].is_null());
    Ok(packages)
}

/// The words of a licence expression that are still to be read.
type Words<'w> = Peekable<SplitWhitespace<'w>>;

/// Whether a licence expression can be met with what is allowed: `MIT OR GPL-2.0`
/// can, `MIT AND GPL-2.0` can't. Older crates write `/` for `OR`.
fn permits(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    any(&mut words, allowed) && words.next().is_none()
}

/// `a OR b OR …`.
fn any(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = all(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= all(words, allowed);
    }
    met
}

/// `a AND b AND …`.
fn all(words: &mut Words<'_>, allowed: &[String]) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

/// A licence, with its exception if it has one, or an expression in parentheses.
fn one(words: &mut Words<'_>, allowed: &[String]) -> bool {
    if words.next_if_eq(&"(").is_some() {
        return any(words, allowed) & words.next_if_eq(&")").is_some();
    }
    let mut licence = words.next().unwrap_or_default().to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        let exception = words.next().unwrap_or_default();
        licence = format!("{licence} WITH {exception}");
    }
    allowed.contains(&licence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        let allowed = ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        for good in [
            "MIT",
            "GPL-2.0/MIT",
            "GPL-2.0 OR MIT AND Zlib",
            "(GPL-2.0 OR MIT) AND Zlib",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        ] {
            assert!(permits(good, &allowed), "{good}");
        }
        for bad in [
            "",
            "GPL-2.0",
            "Apache-2.0",
            "MIT AND GPL-2.0",
            "(MIT OR Zlib) AND GPL-2.0",
            "MIT AND (GPL-2.0 OR LGPL-3.0)",
            "(MIT",
            "MIT Zlib",
        ] {
            assert!(!permits(bad, &allowed), "{bad}");
        }
    }
}
