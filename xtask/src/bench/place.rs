//! Where the benchmark happens: a folder on the disk of the checkout, and the
//! binary under test.

use std::cell::Cell;
use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::server::Server;
use crate::cargo;

/// The master account's API key in the benchmark's database, which is removed
/// at the end.
pub const API_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A database that numberd can open.
pub trait Located {
    /// Its URL.
    fn url(&self) -> String;
}

/// The embedded one, in a file.
impl Located for Path {
    fn url(&self) -> String {
        format!("sqlite:{}", self.display())
    }
}

impl Located for PathBuf {
    fn url(&self) -> String {
        self.as_path().url()
    }
}

/// A folder that goes when this is dropped.
pub struct Place {
    folder: TempDir,
    built: PathBuf,
    binary: PathBuf,
    logs: Cell<u32>,
}

impl Place {
    /// In the target directory: `/tmp` is memory on many machines, where no
    /// commit waits for a disk.
    pub fn new() -> Result<Self> {
        let own = env::current_exe()?;
        let release = own.parent().context("this program is in no folder")?;
        let target = release.parent().context("there is no target folder")?;
        let name = format!("numberd{}", env::consts::EXE_SUFFIX);
        let folder = tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in(target)?;
        Ok(Self {
            built: release.join(&name),
            binary: folder.path().join(&name),
            folder,
            logs: Cell::new(0),
        })
    }

    /// Builds the binary as operators do.
    pub fn build(&self) -> Result<()> {
        let status = cargo("build")
            .args(["--quiet", "--release", "--package", "numberd"])
            .status()?;
        ensure!(status.success(), "numberd can't be built");
        // A copy: who builds it anew meanwhile doesn't change what is measured.
        fs::copy(&self.built, &self.binary)
            .with_context(|| format!("can't copy {}", self.built.display()))?;
        Ok(())
    }

    /// Another folder on the same disk, that anybody may be given.
    pub fn other_folder(&self, prefix: &str) -> Result<TempDir> {
        let target = self.folder.path().parent().context("a target folder")?;
        Ok(tempfile::Builder::new().prefix(prefix).tempdir_in(target)?)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary on a database, with nothing of this process's surroundings:
    /// the default configuration.
    pub fn numberd(&self, database: &(impl Located + ?Sized)) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("NUMBERD_DATABASE", database.url())
            .env("NUMBERD_MASTER_API_KEY", API_KEY)
            .env("NUMBERD_ADMIN_PASSWORD", "bench")
            .stdin(Stdio::null());
        command
    }

    /// Serves a database as an operator would: everything at its default, the
    /// log in a file.
    pub fn serve(&self, database: &(impl Located + ?Sized)) -> Result<Server> {
        self.serve_with(database, "")
    }

    /// The same with a configuration.
    pub fn serve_with(
        &self,
        database: &(impl Located + ?Sized),
        configuration: &str,
    ) -> Result<Server> {
        let number = self.logs.get();
        self.logs.set(number + 1);
        let log = self.file(&format!("serve-{number}.log"));
        let settings = self.file(&format!("serve-{number}.toml"));
        fs::write(&settings, configuration)?;
        let mut command = self.numberd(database);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&settings)
            .stderr(File::create(&log)?);
        Server::start(&mut command)
            .with_context(|| format!("its log: {}", fs::read_to_string(&log).unwrap_or_default()))
    }
}

/// Copies a database that nobody has open, down to the disk.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let log = from.with_extension("db-wal");
    let left = fs::metadata(&log).map_or(0, |found| found.len());
    ensure!(left == 0, "{} isn't empty", log.display());
    fs::copy(from, to)?;
    File::open(to)?.sync_all()?;
    Ok(())
}

/// Removes a database and what SQLite keeps beside it.
pub fn remove(database: &Path) -> Result<()> {
    for ending in ["db", "db-wal", "db-shm", "db-lock"] {
        let file = database.with_extension(ending);
        if file.exists() {
            fs::remove_file(file)?;
        }
    }
    Ok(())
}
