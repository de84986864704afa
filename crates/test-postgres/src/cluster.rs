//! A data folder, and PostgreSQL's programs to make and run it.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where Debian, Red Hat and Homebrew keep what isn't on the `PATH`.
const FOLDERS: [&str; 4] = [
    "/usr/lib/postgresql",
    "/usr/pgsql",
    "/opt/homebrew/opt",
    "/usr/local/opt",
];

/// A folder with `data/`, the log and the socket of one server.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub folder: PathBuf,
    programs: PathBuf,
    /// User and group that the server runs as; PostgreSQL refuses to be root.
    user: Option<(u32, u32)>,
}

impl Cluster {
    /// A cluster in a folder that is there.
    pub fn in_folder(folder: &Path) -> Self {
        let user = is_root().then(unprivileged_user);
        if let Some((user, group)) = user {
            chown(folder, Some(user), Some(group)).expect("root may give a folder away");
        }
        Self {
            folder: folder.to_owned(),
            programs: programs(),
            user,
        }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Makes the data folder anew.
    pub fn create(&self) {
        if self.data().exists() {
            fs::remove_dir_all(self.data()).expect("the old data can be removed");
        }
        let mut initdb = self.command("initdb");
        initdb.arg("-D").arg(self.data()).args([
            "-U",
            "postgres",
            "--auth=trust",
            "--no-sync",
            "-E",
            "UTF8",
        ]);
        run(initdb);
    }

    /// Puts a file beside the data that only the server may read.
    pub fn put(&self, name: &str, text: &str) {
        let path = self.folder.join(name);
        fs::write(&path, text).expect("a file in a temporary folder");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("our own file");
        if let Some((user, group)) = self.user {
            chown(&path, Some(user), Some(group)).expect("root may give a file away");
        }
    }

    /// Starts the server and waits until it answers.
    pub fn start(&self, options: &str) {
        let options = format!("-k {} {options}", self.folder.display());
        let mut start = self.command("pg_ctl");
        start.arg("-D").arg(self.data());
        start.arg("-l").arg(self.folder.join("log"));
        run_quietly(start.args(["-w", "-o", &options, "start"]));
    }

    /// Ends the server: `smart`, `fast` or `immediate`.
    pub fn stop(&self, mode: &str) {
        let mut stop = self.command("pg_ctl");
        stop.arg("-D").arg(self.data());
        // It may have ended by itself.
        let _ = quiet(stop.args(["-w", "-m", mode, "stop"])).status();
    }

    /// Whether the server's process is there.
    pub fn is_running(&self) -> bool {
        let mut status = self.command("pg_ctl");
        status.arg("-D").arg(self.data()).arg("status");
        quiet(&mut status)
            .status()
            .is_ok_and(|status| status.success())
    }

    /// Runs a shell script beside the tests, which outlives them; it finds
    /// PostgreSQL's programs on its path and the cluster's folder in `$FOLDER`.
    pub fn watch(&self, script: &str) -> Command {
        let mut shell = self.command_at(Path::new("/bin/sh"));
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.programs.clone()).chain(env::split_paths(&path));
        shell
            .args(["-c", script])
            .env("PATH", env::join_paths(folders).expect("a path of folders"))
            .env("FOLDER", &self.folder)
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        shell
    }

    fn command(&self, program: &str) -> Command {
        self.command_at(&self.programs.join(program))
    }

    fn command_at(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).env("LC_ALL", "C");
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }
}

/// The folder with `initdb` and `pg_ctl`: the newest version found.
fn programs() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<PathBuf> = env::split_paths(&path).collect();
    for folder in FOLDERS {
        let versions = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut versions: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
        versions.sort();
        found.extend(versions.into_iter().rev());
    }
    let has_all = |folder: &PathBuf| {
        let programs = ["initdb", "pg_ctl", "postgres"];
        programs
            .iter()
            .all(|program| folder.join(program).is_file())
    };
    let resolved = found.into_iter().map(|folder| {
        // On a PATH there may be links to only some of the programs.
        let initdb = fs::canonicalize(folder.join("initdb"));
        let parent = initdb
            .ok()
            .and_then(|path| path.parent().map(Path::to_owned));
        parent.unwrap_or(folder)
    });
    resolved.into_iter().find(has_all).expect(
        "these tests need PostgreSQL's server programs (initdb, pg_ctl): \
         `apt-get install postgresql`, or set NUMBERD_TEST_PG=postgres://USER@HOST/DATABASE",
    )
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// `postgres` where there is such a user, else `nobody`.
fn unprivileged_user() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").expect("the system has users");
    let ids_of = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2).map(str::parse);
        Some((fields.next()?.ok()?, fields.next()?.ok()?))
    };
    ids_of("postgres")
        .or_else(|| ids_of("nobody"))
        .expect("there is a user `postgres` or `nobody`: PostgreSQL refuses to run as root")
}

fn quiet(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}

fn run(mut command: Command) {
    let output = command.output().expect("the program can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {said}");
}

/// For programs whose children live on and would keep a pipe open.
fn run_quietly(command: &mut Command) {
    let status = quiet(command).status().expect("the program can be started");
    assert!(status.success(), "{command:?} failed");
}
