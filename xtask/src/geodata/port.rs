//! Python's port of libphonenumber, asked.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};
use clap::Args;

const SCRIPT: &str = include_str!("port.py");

/// Which Python is asked.
#[derive(Args)]
pub struct Python {
    /// A Python that has the package `phonenumbers`
    #[arg(long, value_name = "FILE", default_value = "python3")]
    python: PathBuf,
}

impl Python {
    /// Its answers to lines, and the line after the last of them.
    pub fn ask(&self, what: &str, lines: &[String]) -> Result<(Vec<String>, String)> {
        let program: &Path = &self.python;
        let mut child = Command::new(program)
            .args(["-c", SCRIPT, what])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("can't start {}", program.display()))?;
        let mut input = child.stdin.take().context("no way to ask Python")?;
        let mut output = child.stdout.take().context("no way to hear Python")?;
        let text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
        let writer = thread::spawn(move || input.write_all(text.as_bytes()));
        let mut answers = String::new();
        output.read_to_string(&mut answers)?;
        let status = child.wait()?;
        let written = writer.join();
        if !status.success() || !matches!(written, Ok(Ok(()))) {
            bail!("Python failed ({status}); has it the package phonenumbers?");
        }
        let mut answers: Vec<String> = answers.split('\n').map(str::to_owned).collect();
        answers.pop();
        let last = answers.pop().unwrap_or_default();
        if answers.len() != lines.len() {
            bail!("{} answers to {} lines", answers.len(), lines.len());
        }
        Ok((answers, last))
    }
}
