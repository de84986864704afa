//! numberd against libphonenumber's Python port over 70,000 texts of all
//! countries. `tests/data/port.txt` holds digests of the port's answers and
//! every disagreement; `cargo xtask geodata corpus` makes it.

mod answer;

use std::collections::HashMap;
use std::fmt::Write;

use answer::answer;
use sha2::{Digest, Sha256};

const CORPUS: &str = include_str!("data/corpus.txt");
const PORT: &str = include_str!("data/port.txt");
const PART: usize = 1000;

#[test]
fn all_but_the_listed_answers_are_those_of_the_port() {
    let mut digests = Vec::new();
    let mut listed: HashMap<usize, (&str, &str)> = HashMap::new();
    for line in PORT.lines() {
        if let Some(part) = line.strip_prefix("part ") {
            digests.push(part.split_once(' ').unwrap().1);
        } else if let Some(disagreement) = line.strip_prefix("disagreement ") {
            let cells: Vec<&str> = disagreement.split('\t').collect();
            let [index, _country, _text, ours, theirs] = cells[..] else {
                panic!("{line}")
            };
            listed.insert(index.parse().unwrap(), (ours, theirs));
        }
    }
    let entries: Vec<&str> = CORPUS.lines().collect();
    assert_eq!(entries.len(), 70_000);
    assert_eq!(digests.len(), entries.len() / PART);
    let agreeing = entries.len() - listed.len();
    assert!(agreeing * 10_000 >= entries.len() * 9_999, "{agreeing}");
    for (part, (entries, digest)) in entries.chunks(PART).zip(digests).enumerate() {
        let mut answers = Vec::with_capacity(PART);
        for (offset, entry) in entries.iter().enumerate() {
            let given = answer(entry);
            answers.push(match listed.get(&(part * PART + offset)) {
                Some((ours, theirs)) => {
                    assert_eq!(given, *ours, "{entry}");
                    (*theirs).to_owned()
                }
                None => given,
            });
        }
        let mut found = String::new();
        for byte in Sha256::digest(answers.join("\n")) {
            write!(found, "{byte:02x}").unwrap();
        }
        assert_eq!(found, digest, "an answer of part {part} is not the port's");
    }
}
