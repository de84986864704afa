//! A short run of every target, the same each time: the committed inputs, and
//! changes of them.

use std::fs;
use std::path::{Path, PathBuf};

use fuzzing::TARGETS;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Changes of each input.
const CHANGES: usize = 2000;

/// What breaks readers of texts.
const PIECES: [&[u8]; 16] = [
    b"\0",
    b"\xff",
    b"\xc3\x28",
    b"%",
    b"%00",
    b"%ff",
    b"\"",
    b"{",
    b"[",
    b"]]>",
    b"&",
    b"<a>",
    b"=",
    b",\n",
    b"-1",
    b"99999999999999999999",
];

#[test]
fn every_target_holds() {
    for (name, target) in TARGETS {
        let inputs = inputs(name);
        assert!(!inputs.is_empty(), "no inputs for {name}");
        for (file, input) in &inputs {
            let mut random = StdRng::seed_from_u64(1);
            eprintln!("{name}: {}", file.display());
            target(input);
            for _ in 0..CHANGES {
                let changed = changed(input, &mut random);
                // Shown when it fails: an input to commit.
                eprintln!("{name}: \"{}\"", changed.escape_ascii());
                target(&changed);
            }
        }
    }
}

fn inputs(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let files = fs::read_dir(folder.join(name)).expect("a folder of inputs");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).expect("an input");
        (path, bytes)
    };
    files.into_iter().map(read).collect()
}

fn changed(input: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..random.random_range(1..=4) {
        let at = random.random_range(0..=bytes.len());
        let until = random.random_range(at..=bytes.len().min(at + 16));
        match random.random_range(0..4) {
            0 => drop(bytes.drain(at..until)),
            1 => bytes.extend_from_within(at..until),
            2 => {
                let piece = PIECES[random.random_range(0..PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random.random();
                }
            }
        }
    }
    bytes
}
