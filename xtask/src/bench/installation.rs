//! A database with accounts and no numbers, and tokens for it: the signing key
//! is in the database, so that they are good for its copies too.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::http::{Caller, request};
use super::place::{API_KEY, Located, Place};
use super::requests::Holder;

/// Accounts that ask with tokens of their own and may add numbers.
const CLIENTS: usize = 16;

/// The file that it is in, where it is embedded.
pub const ACCOUNTS: &str = "accounts.db";

pub struct Installation {
    /// The master account.
    pub master: Holder,
    /// All other accounts.
    pub accounts: Vec<String>,
    /// The first of them, with their own tokens.
    pub clients: Vec<Holder>,
}

impl Installation {
    /// Makes it in an empty database.
    pub fn make(place: &Place, database: &impl Located, accounts: u64) -> Result<Self> {
        let server = place.serve(database)?;
        let mut caller = Caller::new(server.address)?;
        let master = log_in(&mut caller, API_KEY)?;
        let accounts = (0..accounts)
            .map(|index| account(&mut caller, &master, index))
            .collect::<Result<Vec<_>>>()?;
        server.stop()?;
        let mut keys = Vec::new();
        for id in accounts.iter().take(CLIENTS) {
            command(place, database, &["account", "allow-additions", id])?;
            let made = command(place, database, &["account", "api-key", id])?;
            keys.push(text(&made, "api_key")?);
        }
        let server = place.serve(database)?;
        let mut caller = Caller::new(server.address)?;
        let clients = keys
            .iter()
            .map(|key| log_in(&mut caller, key))
            .collect::<Result<Vec<_>>>()?;
        server.stop()?;
        Ok(Self {
            master,
            accounts,
            clients,
        })
    }
}

fn log_in(caller: &mut Caller, key: &str) -> Result<Holder> {
    let body = json!({"data": {"api_key": key}}).to_string();
    let answer = caller.json(&request("PUT", "/v2/api_auth", "", &body), 201)?;
    Ok(Holder {
        account: text(&answer["data"], "account_id")?,
        token: text(&answer, "auth_token")?,
    })
}

fn account(caller: &mut Caller, master: &Holder, index: u64) -> Result<String> {
    let body = json!({"data": {"name": format!("Company {index}")}}).to_string();
    let path = format!("/v2/accounts/{}", master.account);
    let made = caller.json(&request("PUT", &path, &master.token, &body), 201)?;
    text(&made["data"], "id")
}

fn command(place: &Place, database: &impl Located, arguments: &[&str]) -> Result<Value> {
    let mut command = place.numberd(database);
    let output = command.args(arguments).arg("--json").output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?}: {said}");
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn text(document: &Value, member: &str) -> Result<String> {
    let text = document[member].as_str();
    let text = text.with_context(|| format!("no '{member}' in {document}"))?;
    Ok(text.to_owned())
}
