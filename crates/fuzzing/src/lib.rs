//! What must hold whatever bytes come in. Each target is a function that panics
//! when it doesn't: `fuzz/` gives them to a fuzzer, `tests/short.rs` runs them on
//! the committed inputs and on changes of those (docs/fuzzing.md).

mod server;

use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode};
use engine::columns::{self, BadCell, Cells, Header};
use numbers::carrier::CarrierName;
use numbers::converter::Converters;
use numbers::dial_plan::DialPlan;
use numbers::e164::E164;
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use numbers::state::State;
use outside::xml::{Element, escaped};
use places::overlay::{Kind, Overlay, read_table};
use serde_json::{Map, Value};

/// A target, by name.
pub type Target = (&'static str, fn(&[u8]));

/// All of them; a folder of the same name in `fuzz/seeds` has its inputs.
pub const TARGETS: [Target; 7] = [
    ("envelope", envelope),
    ("filters", filters),
    ("normalizer", normalizer),
    ("xml", xml),
    ("csv", csv),
    ("imports", imports),
    ("tokens", tokens),
];

/// Content types of bodies, chosen by the first byte of an input.
const CONTENT_TYPES: [&str; 4] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "text/csv",
];

/// Any body gets a whole answer, and a refusal is the client's fault. The first
/// byte chooses the content type.
pub fn envelope(input: &[u8]) {
    let Some((kind, body)) = input.split_first() else {
        return;
    };
    let content_type = CONTENT_TYPES[usize::from(*kind) % CONTENT_TYPES.len()];
    // A check of numbers changes nothing: an input does the same each time.
    let request = Request::post(server::numbers("/check"))
        .header("content-type", content_type)
        .header("x-auth-token", server::token())
        .body(Body::from(body.to_vec()));
    let (status, _) = server::ask(request.expect("a request"));
    assert!(!status.is_server_error(), "{status}");
}

/// Any query of a listing gets a whole answer, and a refusal is the client's
/// fault.
pub fn filters(input: &[u8]) {
    let query = String::from_utf8_lossy(input);
    let path = server::numbers(&format!("?{query}"));
    // What no HTTP client can say isn't asked.
    let request = Request::get(path).header("x-auth-token", server::token());
    let Ok(request) = request.body(Body::empty()) else {
        return;
    };
    let (status, _) = server::ask(request);
    assert!(!status.is_server_error(), "{query}: {status}");
}

/// A key is E.164, is its own key, and is what the normalizer made of the text.
pub fn normalizer(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (converters, plan) = (Converters::default(), DialPlan::default());
    let normalized = converters.normalize(&text);
    let Ok(key) = converters.key(&text, &plan) else {
        return;
    };
    assert_eq!(key.as_str(), normalized, "{text:?}");
    assert_eq!(converters.key(key.as_str(), &plan).as_ref(), Ok(&key));
    assert_eq!(E164::try_from(key.as_str()).as_ref(), Ok(&key));
    assert!((1..=15).contains(&key.digits().len()), "{text:?}");
    assert!(key.digits().bytes().all(|byte| byte.is_ascii_digit()));
}

/// A document is read or refused, and what was read can be written and read
/// again.
pub fn xml(input: &[u8]) {
    let Ok(root) = Element::parse(input) else {
        return;
    };
    let written = write(&root);
    let again = Element::parse(written.as_bytes());
    assert_eq!(again.as_ref(), Ok(&root), "{written}");
}

fn write(element: &Element) -> String {
    let (name, text) = (&element.name, escaped(&element.text));
    let children: Vec<String> = element.children.iter().map(write).collect();
    format!("<{name}>{text}{}</{name}>", children.concat())
}

/// A table is read or refused; each of its rows is then found by its prefix.
pub fn csv(input: &[u8]) {
    for kind in [Kind::NpaNxx, Kind::AreaCodes] {
        let Ok(rows) = read_table(kind, input) else {
            continue;
        };
        let prefixes: Vec<String> = rows.iter().map(|(prefix, _)| prefix.clone()).collect();
        let overlay = Overlay::new(kind, rows);
        for prefix in prefixes {
            assert!(overlay.find(&prefix).is_some(), "{prefix}");
        }
    }
}

/// A file for `import` is refused, or each of its rows is refused or comes back
/// from an export as it was.
pub fn imports(input: &[u8]) {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(input);
    let header = match reader.headers() {
        Ok(names) => Header::parse(names),
        Err(_) => return,
    };
    let Ok(header) = header else {
        return;
    };
    for record in reader.records() {
        let Ok(row) = record.map(|record| header.row(&record)) else {
            return;
        };
        if let Ok(row) = row
            && row
                .public
                .iter()
                .all(|(name, value)| is_kept(name, value, 0))
        {
            let again = exported_and_read(&row.public);
            assert_eq!(again.as_ref(), Ok(&row.public));
        }
    }
}

/// Fractions aren't kept to the last bit, blanks at the end of a column's name
/// not at all, and what is nested without end is refused.
fn is_kept(name: &str, value: &Value, depth: usize) -> bool {
    let within = match value {
        Value::Number(number) => !number.is_f64(),
        Value::Array(items) => items.iter().all(|item| is_kept("", item, depth + 1)),
        Value::Object(members) => members
            .iter()
            .all(|(name, value)| is_kept(name, value, depth + 1)),
        _ => true,
    };
    within && depth < 64 && name.trim_end() == name
}

fn exported_and_read(public: &Map<String, Value>) -> Result<Map<String, Value>, BadCell> {
    let id = "+14155550100".parse().expect("a number");
    let now = GregorianSeconds::new(63_000_000_000);
    let mut number = Number::new(id, State::InService, CarrierName::local(), now);
    number.public.clone_from(public);
    let cells = || Cells::new(&number, "");
    let custom: Vec<String> = cells().custom().cloned().collect();
    let header = Header::parse(&columns::names(&custom).into()).expect("our own columns");
    let row = cells().row(&custom).expect("all of its fields");
    header.row(&row.into()).map(|row| row.public)
}

/// Nothing but the token itself opens an account.
pub fn tokens(input: &[u8]) {
    let Ok(token) = HeaderValue::from_bytes(input) else {
        return;
    };
    let is_real = token == server::token();
    let request = Request::get(server::numbers("")).header("x-auth-token", token);
    let (status, body) = server::ask(request.body(Body::empty()).expect("a request"));
    if is_real {
        assert_eq!(status, StatusCode::OK, "{body}");
    } else {
        assert!(status.is_client_error(), "{status} {body}");
    }
}
