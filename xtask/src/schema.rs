//! `cargo xtask schema`: whether the server answers as its OpenAPI description
//! says, tried by schemathesis with requests made up from that description.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::cargo;

const SCHEMATHESIS: &str = "schemathesis==4.32.5";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance";
/// Of the master account, for this run only.
const API_KEY: &str = "5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed";
/// What would end the run's own token or account.
const LEFT_OUT: [&str; 2] = ["DELETE /v2/token_auth", "DELETE /v2/accounts/{account_id}"];
/// Requests must not run into buckets: nothing behind them would be tried.
const CONFIGURATION: &str = "[limits]
bucket_capacity = 100000000
bucket_refill_per_second = 1000000
activation_capacity = 100000000
activation_refill_per_second = 1000000
";

/// The server, stopped when it is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs it: `--examples N` requests a route (20), `--seed N` (1).
pub fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let (mut examples, mut seed) = (20, 1);
    for pair in arguments.chunks(2) {
        match pair {
            [name, value] if name == "--examples" => examples = number(value)?,
            [name, value] if name == "--seed" => seed = number(value)?,
            _ => bail!("options are: --examples N, --seed N"),
        }
    }
    let folder = root.join("target/schema");
    fs::create_dir_all(&folder)?;
    let st = schemathesis(&folder)?;
    let (_server, address) = start(&folder)?;
    let login = put(&address, "/v2/api_auth", None, &json!({"api_key": API_KEY}))?;
    let token = text(&login, "/auth_token")?;
    let account = json!({"name": "tried"});
    let account = put(&address, "/v2/accounts", Some(token), &account)?;
    let description = fs::read_to_string(root.join("docs/openapi.json"))?;
    let description = serde_json::from_str(&description)?;
    let configuration = configuration(text(&account, "/data/id")?, &description);
    let file = folder.join("schemathesis.toml");
    fs::write(&file, configuration)?;
    let mut command = Command::new(st);
    command
        .arg("--config-file")
        .arg(&file)
        .args(["run", &format!("http://{address}/openapi.json")])
        .args(["--header", &format!("X-Auth-Token: {token}")])
        .args(["--checks", CHECKS, "--phases", "fuzzing"])
        .args(["--max-examples", &examples.to_string()])
        .args(["--seed", &seed.to_string()])
        .args(["--suppress-health-check", "all", "--warnings", "off"])
        .args(["--continue-on-failure", "--generation-database", "none"])
        .current_dir(&folder);
    for left_out in LEFT_OUT {
        command.args(["--exclude-name", left_out]);
    }
    let status = command.status()?;
    if !status.success() {
        bail!(
            "the server doesn't answer as its description says ({status}); its log is {}",
            folder.join("server.log").display()
        );
    }
    Ok(())
}

fn number(text: &str) -> Result<u32> {
    text.parse()
        .with_context(|| format!("'{text}' is not a number"))
}

/// A Python environment with schemathesis, made once.
fn schemathesis(folder: &Path) -> Result<PathBuf> {
    let environment = folder.join("venv");
    let program = environment.join("bin/st");
    let stamp = environment.join(SCHEMATHESIS);
    if !stamp.exists() {
        let made = Command::new("python3")
            .args(["-m", "venv"])
            .arg(&environment)
            .status();
        if !made.context("python3 is missing")?.success() {
            bail!("no Python environment: is python3-venv installed?");
        }
        let pip = environment.join("bin/pip");
        let installed = Command::new(pip)
            .args(["install", "--quiet", SCHEMATHESIS])
            .status()?;
        if !installed.success() {
            bail!("{SCHEMATHESIS} can't be installed");
        }
        fs::write(stamp, "")?;
    }
    Ok(program)
}

/// A server on an empty database, and its address.
fn start(folder: &Path) -> Result<(Server, String)> {
    let built = cargo("build")
        .args(["--quiet", "--package", "numberd"])
        .status()?;
    if !built.success() {
        bail!("the server can't be built");
    }
    for ending in ["", "-wal", "-shm", "-lock"] {
        // There is none on the first run.
        let _ = fs::remove_file(folder.join(format!("numberd.db{ending}")));
    }
    let configuration = folder.join("numberd.toml");
    fs::write(&configuration, CONFIGURATION)?;
    let log = fs::File::create(folder.join("server.log"))?;
    // Where cargo builds it is where it built this program.
    let own = env::current_exe()?;
    let target = own.ancestors().nth(2).context("no build folder")?;
    let mut server = Command::new(target.join("debug/numberd"))
        .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--config"])
        .arg(&configuration)
        .args(["--database", "sqlite:numberd.db"])
        .env("NUMBERD_MASTER_API_KEY", API_KEY)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .map(Server)?;
    let output = server.0.stdout.as_mut().context("no output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let address = line.trim().strip_prefix("listening on http://");
    let address = address.context("the server didn't start: see server.log")?;
    Ok((server, address.to_owned()))
}

/// Texts that exist, in place of those that would be made up, and the faults
/// that a route's description names: what is no more than promised.
fn configuration(account: &str, description: &Value) -> String {
    let mut lines = vec![format!(
        r#"[parameters]
"path.account_id" = "{account}"
"path.number" = ["+14155550123", "4155550199", "+16505550100"]
"path.hook" = "number.activated"
"#
    )];
    let paths = description["paths"].as_object().into_iter().flatten();
    for (path, operations) in paths {
        for (verb, operation) in operations.as_object().into_iter().flatten() {
            let statuses = operation["responses"].as_object().into_iter().flatten();
            let faults: Vec<String> = statuses
                .filter(|(status, _)| status.starts_with('5'))
                .map(|(status, _)| format!("\"{status}\""))
                .collect();
            if faults.is_empty() {
                continue;
            }
            let (verb, faults) = (verb.to_uppercase(), faults.join(", "));
            lines.push(format!(
                r#"[[operations]]
include-name = "{verb} {path}"
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", {faults}]
"#
            ));
        }
    }
    lines.concat()
}

fn text<'v>(answer: &'v Value, pointer: &str) -> Result<&'v str> {
    let value = answer.pointer(pointer).and_then(Value::as_str);
    value.with_context(|| format!("no {pointer} in {answer}"))
}

/// One request of HTTP, so that this needs no client.
fn put(address: &str, path: &str, token: Option<&str>, data: &Value) -> Result<Value> {
    let body = json!({ "data": data }).to_string();
    let token = token
        .map(|token| format!("X-Auth-Token: {token}\r\n"))
        .unwrap_or_default();
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "PUT {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n{token}\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    serde_json::from_str(body).with_context(|| format!("no JSON: {answer}"))
}
