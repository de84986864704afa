//! What the benchmark ran on.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

/// What the kernel says of it; "unknown" where it says nothing.
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub memory: String,
    pub kernel: String,
    pub filesystem: String,
    pub commit: String,
}

impl Machine {
    /// This one, with the file system of `folder`.
    pub fn this(folder: &Path) -> Self {
        let unknown = || "unknown".to_owned();
        Self {
            processor: value("/proc/cpuinfo", "model name").unwrap_or_else(unknown),
            cores: thread::available_parallelism().map_or(0, usize::from),
            memory: memory().unwrap_or_else(unknown),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
                .map_or_else(|_| unknown(), |text| text.trim().to_owned()),
            filesystem: filesystem(folder).unwrap_or_else(unknown),
            commit: commit().unwrap_or_else(unknown),
        }
    }
}

/// The text after a name and a colon.
fn value(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

fn memory() -> Option<String> {
    let kib: u64 = value("/proc/meminfo", "MemTotal")?
        .strip_suffix("kB")?
        .trim()
        .parse()
        .ok()?;
    Some(format!("{} GiB", (kib + (1 << 19)) >> 20))
}

/// The type of the mount that a folder is on.
fn filesystem(folder: &Path) -> Option<String> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let fields = |line: &str| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?.to_owned(), fields.next()?.to_owned()))
    };
    mounts
        .lines()
        .filter_map(fields)
        .filter(|(point, _)| folder.starts_with(point))
        // Of mounts on the same point the last one is seen.
        .max_by_key(|(point, _)| point.len())
        .map(|(_, kind)| kind)
}

/// The commit, and whether the checkout has changes besides.
fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short", "HEAD"])?;
    let changes = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changes.is_empty() {
        commit
    } else {
        format!("{commit}, with changes that aren't committed")
    })
}
