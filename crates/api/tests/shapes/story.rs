//! Requests one after the other, told in both dialects.

use std::collections::HashMap;
use std::fmt::Write as _;

use api::ApiSettings;
use axum::body::Body;
use axum::http::Request;
use engine::Settings;
use serde_json::{Value, json};

use crate::common::{Answer, Harness, Holder};
use crate::description::Description;
use crate::redact::Names;

/// One request.
///
/// In path and body `{child}` stands for the URL of an account, `{step.key}`
/// for what an earlier step's data has there, `$stranger` for an id, `$token`
/// for the caller's token, `$realm` for its realm.
pub struct Step {
    name: &'static str,
    who: &'static str,
    method: &'static str,
    path: &'static str,
    body: Option<String>,
    headers: Vec<(&'static str, &'static str)>,
    kept: bool,
    until: Option<u16>,
}

pub fn step(
    name: &'static str,
    who: &'static str,
    method: &'static str,
    path: &'static str,
) -> Step {
    Step {
        name,
        who,
        method,
        path,
        body: None,
        headers: Vec::new(),
        kept: true,
        until: None,
    }
}

impl Step {
    /// Data in an envelope.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "reads better where it is called"
    )]
    pub fn data(self, data: Value) -> Self {
        self.body(&json!({ "data": data }).to_string())
    }

    pub fn body(mut self, text: &str) -> Self {
        self.body = Some(text.to_owned());
        self
    }

    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Only there for the steps that follow.
    pub fn unkept(mut self) -> Self {
        self.kept = false;
        self
    }

    /// Again and again until the answer has this status.
    pub fn until(mut self, status: u16) -> Self {
        self.until = Some(status);
        self
    }
}

/// Tells the steps on a fresh server for each dialect, and compares what came
/// with the snapshot of each step.
pub async fn tell(settings: Settings, api: ApiSettings, steps: &[Step]) {
    let mut description = Description::new();
    let mut told = Vec::new();
    for dialect in ["2016", "4.3"] {
        let server = Harness::with(settings.clone(), api.clone()).await;
        let stock = [
            "+14155550100",
            "+14155550101",
            "+14155550102",
            "+12125550100",
        ];
        server.stock("local", &stock).await;
        let billed = ["+13125550100", "+13125550101"];
        server.stock("telnyx", &billed).await;
        let mut teller = Teller {
            dialect,
            values: values(&server),
            names: names(&server),
            server,
        };
        let mut answers = Vec::new();
        for step in steps {
            answers.push(teller.tell(step, &mut description).await);
        }
        told.push(answers);
    }
    for (index, step) in steps.iter().enumerate().filter(|(_, step)| step.kept) {
        let body = step.body.as_deref().unwrap_or_default();
        let request = format!("{} {} as {}\n{body}", step.method, step.path, step.who);
        let (old, new) = (&told[0][index], &told[1][index]);
        let answers = if old == new {
            format!("2016 and 4.3: {old}")
        } else {
            format!("2016: {old}\n4.3: {new}")
        };
        let text = format!("{}\n\n{answers}", request.trim_end());
        insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => true}, {
            insta::assert_snapshot!(step.name, text);
        });
    }
}

struct Teller {
    dialect: &'static str,
    server: Harness,
    values: HashMap<String, String>,
    names: Names,
}

fn holders(server: &Harness) -> [(&'static str, &Holder); 4] {
    [
        ("master", &server.master),
        ("reseller", &server.reseller),
        ("child", &server.child),
        ("stranger", &server.stranger),
    ]
}

fn values(server: &Harness) -> HashMap<String, String> {
    let mut values = HashMap::new();
    for (name, holder) in holders(server) {
        values.insert(format!("{{{name}}}"), holder.url(""));
        values.insert(format!("${name}"), holder.id().to_owned());
    }
    values.insert("$realm".to_owned(), server.child.account.realm.clone());
    values
}

fn names(server: &Harness) -> Names {
    let mut names = Names::default();
    for (name, holder) in holders(server) {
        names.add(&holder.token, format!("[token of {name}]"));
        names.add(holder.id(), format!("[{name}]"));
        names.add(&holder.account.realm, format!("[realm of {name}]"));
    }
    names
}

impl Teller {
    async fn tell(&mut self, step: &Step, description: &mut Description) -> String {
        let mut answer = self.send(step).await;
        while step.until.is_some_and(|status| answer.status != status) {
            answer = self.send(step).await;
        }
        if !step.kept {
            assert!(answer.status.is_success(), "{}: {}", step.name, answer.text);
        }
        let is_json = answer.header("content-type") == Some("application/json");
        if is_json {
            let path = self.filled(step.path, step);
            let status = answer.status.as_u16();
            description.check(step.method, &path, status, &answer.body);
        }
        self.remember(step, answer.data());
        let mut told = format!("{}\n", answer.status.as_u16());
        for name in [
            "allow",
            "content-disposition",
            "content-type",
            "etag",
            "location",
            "retry-after",
        ] {
            let value = match (name, answer.header(name)) {
                (_, None) | ("content-type", Some("application/json")) => continue,
                ("retry-after", Some(_)) => "[seconds]".to_owned(),
                // A number's: its revision, and when it was created.
                ("etag", Some(tag)) if tag.contains('-') => {
                    let revision = tag.split('-').next().unwrap_or_default();
                    format!("{revision}-[seconds]\"")
                }
                (_, Some(value)) => self.names.text(value),
            };
            let _ = writeln!(told, "{name}: {value}");
        }
        if is_json {
            let mut body = answer.body;
            self.names.value("", &mut body);
            let _ = writeln!(told, "{body:#}");
        } else {
            told.push_str(&table(&self.names.text(&answer.text)));
        }
        told
    }

    async fn send(&self, step: &Step) -> Answer {
        let mut request = Request::builder()
            .method(step.method)
            .uri(self.filled(step.path, step))
            .header("x-numberd-dialect", self.dialect);
        let holder = holders(&self.server)
            .into_iter()
            .find(|(name, _)| *name == step.who);
        match (step.who, holder) {
            (_, Some((_, holder))) => request = request.header("x-auth-token", &holder.token),
            ("bogus", None) => request = request.header("x-auth-token", "bogus"),
            (who, None) => assert_eq!(who, "nobody"),
        }
        for (name, value) in &step.headers {
            request = request.header(*name, *value);
        }
        let body = step.body.as_deref().map(|body| self.filled(body, step));
        let request = request.body(body.map_or_else(Body::empty, Body::from));
        self.server.send(request.expect("a good request")).await
    }

    /// A text with every placeholder filled.
    fn filled(&self, text: &str, step: &Step) -> String {
        let mut text = text.to_owned();
        for (placeholder, value) in &self.values {
            text = text.replace(placeholder, value);
        }
        let token = match step.who {
            "nobody" => &self.server.child.token,
            who => match holders(&self.server)
                .into_iter()
                .find(|(name, _)| *name == who)
            {
                Some((_, holder)) => &holder.token,
                None => "",
            },
        };
        text.replace("$token", token)
    }

    /// An account is where it is, anything else is what it is.
    fn remember(&mut self, step: &Step, data: &Value) {
        for (key, value) in data.as_object().into_iter().flatten() {
            if let Value::String(value) = value {
                let is_account = key == "id" && data.get("realm").is_some();
                let value = if is_account {
                    format!("/v2/accounts/{value}")
                } else {
                    value.clone()
                };
                self.values
                    .insert(format!("{{{}.{key}}}", step.name), value);
            }
        }
    }
}

/// A table without its times.
fn table(text: &str) -> String {
    let is_time = |cell: &str| cell.len() == 11 && cell.bytes().all(|byte| byte.is_ascii_digit());
    let cells = text
        .split('"')
        .map(|cell| if is_time(cell) { "[seconds]" } else { cell });
    cells.collect::<Vec<_>>().join("\"")
}
