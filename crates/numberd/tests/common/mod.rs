//! The real binary, in a folder of its own.
#![allow(dead_code, reason = "each test file uses a part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

pub const PASSWORD: &str = "correct horse";
/// No call takes longer, whatever has failed behind the node.
pub const LONGEST_CALL: Duration = Duration::from_mins(1);
pub const API_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A folder with a database, maybe.
pub struct Place {
    pub folder: TempDir,
    /// A database elsewhere.
    url: Option<String>,
}

impl Place {
    /// An empty folder.
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            url: None,
        }
    }

    /// An empty folder, for work on a database on a server.
    pub fn over(url: &str) -> Self {
        Self {
            url: Some(url.to_owned()),
            ..Self::new()
        }
    }

    /// A folder with a database that a server has made.
    pub fn with_database() -> Self {
        let place = Self::new();
        place.serve(&[]).stop();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The binary with nothing of this process's surroundings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_numberd"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("NUMBERD_ADMIN_PASSWORD", PASSWORD)
            .env("NUMBERD_MASTER_API_KEY", API_KEY)
            .stdin(Stdio::null());
        if let Some(url) = &self.url {
            command.env("NUMBERD_DATABASE", url);
        }
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    /// Serves where that must fail.
    #[track_caller]
    pub fn serve_in_vain(&self, arguments: &[&str]) -> Run {
        let mut all = vec!["serve"];
        if !arguments.contains(&"--listen") {
            all.extend(["--listen", "127.0.0.1:0"]);
        }
        all.extend(arguments);
        Run::in_vain(self.command(&all))
    }

    /// The same, with this input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Run {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        Run::of(child.wait_with_output().unwrap())
    }

    /// Serves on a free port, until the answer is dropped.
    pub fn serve(&self, arguments: &[&str]) -> Server {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0"];
        all.extend(arguments);
        Server::start(self.command(&all))
    }

    /// Makes an account and answers its id.
    pub fn account(&self, name: &str) -> String {
        let made = self
            .run(&["account", "create", name, "--json"])
            .done()
            .json();
        made["id"].as_str().unwrap().to_owned()
    }
}

/// A command that has ended.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// A server that must not start; one that does all the same is ended.
    #[track_caller]
    pub fn in_vain(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        if !first.is_empty() {
            child.kill().unwrap();
        }
        let run = Self::of(child.wait_with_output().unwrap());
        assert_eq!(first, "", "{run:?}");
        run
    }

    /// It ended well.
    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// It failed with this code, and one line that says all of this.
    #[track_caller]
    pub fn failed(self, code: i32, says: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        assert!(self.err.starts_with("numberd: "), "{self:?}");
        for text in says {
            assert!(self.err.contains(text), "no '{text}' in {self:?}");
        }
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A server that runs.
pub struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    err: Option<ChildStderr>,
    /// `host:port`.
    pub address: String,
}

impl Server {
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut err = child.stderr.take().unwrap();
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        let Some(address) = first.trim_end().strip_prefix("listening on http://") else {
            let mut text = String::new();
            err.read_to_string(&mut text).unwrap();
            panic!("no address in {first:?}: {text}");
        };
        Self {
            address: address.to_owned(),
            child,
            out,
            err: Some(err),
        }
    }

    /// Lines of its log from now on, as they come.
    pub fn log(&mut self) -> impl Iterator<Item = String> + Send + 'static {
        let err = self.err.take().expect("the log is read once");
        BufReader::new(err).lines().map_while(Result::ok)
    }

    /// Further lines of its output, up to one that has all of this in it.
    pub fn lines_until(&mut self, last: &[&str]) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert_ne!(
                self.out.read_line(&mut line).unwrap(),
                0,
                "ended after {lines:?}"
            );
            let line = line.trim_end().to_owned();
            let ends = last.iter().all(|text| line.contains(text));
            lines.push(line);
            if ends {
                return lines;
            }
        }
    }

    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).unwrap()
    }

    /// GET, and the whole answer.
    pub fn get(&self, path: &str) -> String {
        let mut stream = self.connect();
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for its end; the rest of stdout, and stderr.
    pub fn wait(&mut self) -> (ExitStatus, String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        self.out.read_to_string(&mut out).unwrap();
        if let Some(log) = &mut self.err {
            log.read_to_string(&mut err).unwrap();
        }
        (self.child.wait().unwrap(), out, err)
    }

    /// Sends a request with a token; status and whole answer.
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: &str,
    ) -> std::io::Result<(u16, String)> {
        ask(&self.address, method, path, token, body)
    }

    /// A token for the master account.
    pub fn token(&self) -> String {
        let body = format!(r#"{{"data":{{"api_key":"{API_KEY}"}}}}"#);
        let (_, answer) = self.ask("PUT", "/v2/api_auth", "", &body).unwrap();
        let (_, json) = answer.split_once("\r\n\r\n").unwrap();
        let json: Value = serde_json::from_str(json).unwrap();
        json["auth_token"].as_str().unwrap().to_owned()
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as an operator would.
    #[track_caller]
    pub fn stop(mut self) -> String {
        self.signal("-TERM");
        let (status, out, err) = self.wait();
        assert_eq!(status.code(), Some(0), "{err}");
        out
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request to a server that may be gone; status and whole answer.
pub fn ask(
    address: &str,
    method: &str,
    path: &str,
    token: &str,
    body: &str,
) -> std::io::Result<(u16, String)> {
    ask_with(address, method, path, &[("X-Auth-Token", token)], body)
}

/// The same with other headers.
pub fn ask_with(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LONGEST_CALL))?;
    let lines = headers
        .iter()
        .map(|(name, value)| [name, ": ", value, "\r\n"].concat());
    let headers: String = lines.collect();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    let cut_off = || std::io::Error::other("the answer is cut off");
    Ok((status.ok_or_else(cut_off)?, answer))
}

/// The path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Sends a request with a token, maybe empty, and a body, unless it is null.
/// `None`: no whole answer came back.
pub fn send(
    address: &str,
    token: &str,
    verb: &str,
    path: &str,
    body: &Value,
) -> Option<(u16, Value)> {
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let mut stream = TcpStream::connect(address).ok()?;
    let request = format!(
        "{verb} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Auth-Token: {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    // A body that breaks off is no answer.
    Some((status, serde_json::from_str(body).ok()?))
}
