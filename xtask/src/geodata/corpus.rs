//! The frozen corpus: texts of every country, what Python's port makes of them
//! as digests, and every disagreement. The test `crates/places/tests/corpus.rs`
//! holds numberd to it without Python.

#[path = "../../../crates/places/tests/answer/mod.rs"]
mod answer;

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region};
use sha2::{Digest, Sha256};

use super::port::Python;
use super::random::Random;
use answer::answer;

/// How many texts there are.
const ENTRIES: usize = 70_000;

/// How many answers one digest is of: so many can be wrong where one differs.
const PART: usize = 1000;

/// Options of `corpus`.
#[derive(Args)]
pub struct Corpus {
    #[command(flatten)]
    python: Python,
    /// Make new texts too; without it those of the file are asked again
    #[arg(long)]
    new_texts: bool,
}

/// Writes `corpus.txt` and `port.txt`.
pub fn run(options: &Corpus) -> Result<()> {
    let folder = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../crates/places/tests/data"
    ));
    let file = folder.join("corpus.txt");
    if options.new_texts {
        fs::write(&file, texts().join("\n") + "\n")?;
    }
    let corpus = fs::read_to_string(&file)
        .with_context(|| format!("can't read {}; --new-texts makes it", file.display()))?;
    let entries: Vec<String> = corpus.lines().map(str::to_owned).collect();
    let (theirs, version) = options.python.ask("corpus", &entries)?;
    let mut report = format!("port {version}\n");
    for (part, answers) in theirs.chunks(PART).enumerate() {
        let digest = hex(&Sha256::digest(answers.join("\n")));
        writeln!(report, "part {part} {digest}")?;
    }
    let mut disagreeing = 0;
    for (index, (entry, theirs)) in entries.iter().zip(&theirs).enumerate() {
        let ours = answer(entry);
        if ours != *theirs {
            disagreeing += 1;
            writeln!(report, "disagreement {index}\t{entry}\t{ours}\t{theirs}")?;
        }
    }
    fs::write(folder.join("port.txt"), &report)?;
    println!(
        "{} texts, {disagreeing} disagreements with phonenumbers {version}",
        entries.len()
    );
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a text can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Texts over all countries, as people write numbers, right and wrong.
fn texts() -> Vec<String> {
    let mut random = Random::new(5);
    let mut regions: Vec<Region> = PHONE_NUMBER_UTIL.get_supported_regions().collect();
    regions.sort_by_key(ToString::to_string);
    let examples: Vec<Vec<PhoneNumber>> = regions.iter().map(|r| examples(*r)).collect();
    let mut texts = Vec::with_capacity(ENTRIES);
    while texts.len() < ENTRIES {
        let index = texts.len() % regions.len();
        let example = random.pick(&examples[index]).clone();
        let number = changed(&mut random, example);
        let region = match random.below(10) {
            0 => *random.pick(&regions),
            _ => regions[index],
        };
        let text = written(&mut random, &number);
        texts.push(format!("{region}\t{text}"));
    }
    texts
}

/// Good numbers of a country, one of each kind.
fn examples(region: Region) -> Vec<PhoneNumber> {
    use PhoneNumberType as Kind;
    let kinds = [
        Kind::FixedLine,
        Kind::Mobile,
        Kind::TollFree,
        Kind::PremiumRate,
        Kind::SharedCost,
        Kind::VoIP,
        Kind::PersonalNumber,
        Kind::Pager,
        Kind::UAN,
        Kind::VoiceMail,
    ];
    kinds
        .into_iter()
        .filter_map(|kind| {
            PHONE_NUMBER_UTIL
                .get_example_number_for_type_and_region(region, kind)
                .ok()
        })
        .collect()
}

/// The same number, or one near it: other last digits, too long, too short.
fn changed(random: &mut Random, mut number: PhoneNumber) -> PhoneNumber {
    let mut digits = number.national_number.to_string();
    match random.below(10) {
        0 => digits.push_str(&random.digits(1)),
        1 => {
            digits.pop();
        }
        2..=7 => {
            let kept = digits.len().saturating_sub(1 + random.below(7)).max(1);
            let fresh = random.digits(digits.len() - kept);
            digits.truncate(kept);
            digits.push_str(&fresh);
        }
        8 => {
            let length = digits.len();
            digits = random.digits(length);
        }
        _ => {}
    }
    number.national_number = digits.parse().unwrap_or(number.national_number);
    number
}

/// A number as somebody types it.
fn written(random: &mut Random, number: &PhoneNumber) -> String {
    let text = |format| number.format_as(format).into_owned();
    let e164 = text(PhoneNumberFormat::E164);
    match random.below(12) {
        0 => e164,
        1 => text(PhoneNumberFormat::International),
        2 => text(PhoneNumberFormat::RFC3966),
        3 => e164.replacen('+', "00", 1),
        4 => e164.replacen('+', "011", 1),
        5 => e164.trim_start_matches('+').to_owned(),
        6 => number.get_national_significant_number(),
        7 => format!(
            "{} ext. {}",
            text(PhoneNumberFormat::National),
            random.digits(3)
        ),
        8 => wide(&text(PhoneNumberFormat::National)),
        9 => text(PhoneNumberFormat::National).replace([' ', '-'], "."),
        _ => text(PhoneNumberFormat::National),
    }
}

/// The same in digits that are as wide as Chinese characters.
fn wide(text: &str) -> String {
    let widened = |c: char| match c {
        '0'..='9' => char::from_u32(u32::from(c) - u32::from('0') + 0xff10).unwrap_or(c),
        other => other,
    };
    text.chars().map(widened).collect()
}
