//! Every route of numbers, asked by everybody, about a number of the child's
//! and about one that isn't there.

mod common;

use common::{Harness, Holder};
use engine::Context;
use engine::import::ImportRow;
use numbers::state::State;
use serde_json::{Value, json};

/// Who asks, and through whose URL.
const COLUMNS: [&str; 8] = [
    "nobody→child",
    "stranger→child",
    "stranger→stranger",
    "child→child",
    "reseller→child",
    "reseller→reseller",
    "master→child",
    "master→master",
];

/// Route, then the status in each column. In collections the number's own
/// error follows after a slash. `N` is the number, `B` a body that names it.
const OWNED_BY_CHILD: &str = "
GET                     401 403 200 200 200 200 200 200
GET ?prefix=415         401 403 200 200 200 200 200 200
GET /N                  401 403 404 200 200 200 200 200
PUT /N                  401 403 500 409 409 409 409 409
POST /N                 401 403 404 200 200 404 200 200
PATCH /N                401 403 404 200 200 404 200 200
DELETE /N               401 403 403 200 200 200 200 200
DELETE /N?hard=true     401 403 403 200 200 200 200 200
PUT /N/activate         401 403 403 201 201 201 201 201
PUT /N/reserve          401 403 403 201 201 201 201 201
PUT /N/port             401 403 409 409 409 409 409 409
GET /N/explain          401 403 200 200 200 200 200 200
GET /N/identify         401 403 200 200 200 200 200 200
GET /N/history          401 403 404 200 200 200 200 200
POST /N/emergency_call  401 403 404 201 201 201 201 201
GET /events             401 403 200 200 200 200 200 200
PUT /collection B       401 403 201/500 201/409 201/409 201/409 201/409 201/409
POST /collection B      401 403 200/404 200 200 200/404 200 200
PATCH /collection B     401 403 200/404 200 200 200/404 200 200
DELETE /collection B    401 403 200/403 200 200 200 200 200
PUT /collection/activate B 401 403 201/403 201 201 201 201 201
POST /check B           401 403 200 200 200 200 200 200
POST /locality B        401 403 200 200 200 200 200 200
GET /prefix?city=san    401 403 200 200 200 200 200 200
GET /classifiers        401 403 200 200 200 200 200 200
GET /classifiers/N      401 403 200 200 200 200 200 200
GET /carriers_info      401 403 200 200 200 200 200 200
POST /fix               401 403 200 200 200 200 200 200
GET /fix                401 403 200 200 200 200 200 200
POST /fix/N             401 403 404 200 200 200 200 200
";

const ABSENT: &str = "
GET /N                  401 403 404 404 404 404 404 404
PUT /N                  401 403 500 201 201 201 201 201
POST /N                 401 403 404 404 404 404 404 404
PATCH /N                401 403 404 404 404 404 404 404
DELETE /N               401 403 404 404 404 404 404 404
DELETE /N?hard=true     401 403 404 404 404 404 404 404
PUT /N/activate         401 403 404 404 404 404 404 404
PUT /N/reserve          401 403 404 404 404 404 404 404
PUT /N/port             401 403 201 201 201 201 201 201
GET /N/identify         401 403 404 404 404 404 404 404
GET /N/history          401 403 404 404 404 404 404 404
POST /N/emergency_call  401 403 404 404 404 404 404 404
PUT /collection B       401 403 201/500 201 201 201 201 201
POST /collection B      401 403 200/404 200/404 200/404 200/404 200/404 200/404
PATCH /collection B     401 403 200/404 200/404 200/404 200/404 200/404 200/404
DELETE /collection B    401 403 200/404 200/404 200/404 200/404 200/404 200/404
PUT /collection/activate B 401 403 201/404 201/404 201/404 201/404 201/404 201/404
POST /check B           401 403 200 200 200 200 200 200
POST /locality B        401 403 200 200 200 200 200 200
GET /classifiers/N      401 403 200 200 200 200 200 200
POST /fix/N             401 403 404 404 404 404 404 404
";

/// The routes without an account (spec/http.md 3.8): nobody, stranger, child,
/// master.
const WITHOUT_ACCOUNT: &str = "
GET ?prefix=415         401 200 200 200
GET                     401 400 400 400
PUT                     405 405 405 405
GET /classifiers        200 200 200 200
GET /classifiers/N      200 200 200 200
GET /carriers_info      401 200 200 200
GET /prefix?city=san    401 200 200 200
POST /check B           401 200 200 200
POST /locality B        401 200 200 200
GET /N                  401 403 403 403
PUT /N                  401 403 403 403
POST /N                 401 403 403 403
PATCH /N                401 403 403 403
DELETE /N               401 403 403 403
GET /N/explain          401 200 200 200
GET /N/identify         401 200 200 200
PUT /N/activate         404 404 404 404
";

/// Method, rest of the path, whether there is a body, and the cells.
fn parse(line: &str) -> (&str, &str, bool, Vec<&str>) {
    let mut words = line.split_whitespace().peekable();
    let method = words.next().expect("a verb");
    let rest = words
        .next_if(|word| word.starts_with(['/', '?']))
        .unwrap_or_default();
    let body = words.next_if_eq(&"B").is_some();
    (method, rest, body, words.collect())
}

/// One cell: what the server says, in the table's notation.
async fn ask(
    server: &Harness,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<Value>,
    number: &str,
) -> String {
    let answer = server.call(method, path, token, body).await;
    let status = answer.status.as_u16().to_string();
    // Every refusal is a whole envelope.
    if answer.status.as_u16() >= 400 {
        answer.refusal();
    }
    match answer.data().pointer(&format!("/error/{number}/code")) {
        Some(code) => format!("{status}/{code}"),
        None => status,
    }
}

/// A fresh number of the child's, in service.
async fn owned(server: &Harness, number: &str) {
    let row = ImportRow {
        e164: number.to_owned(),
        account_id: Some(server.child.id().to_owned()),
        state: Some(State::InService),
        carrier_module: Some("inventory".to_owned()),
        ..ImportRow::default()
    };
    let cx = Context::system("test");
    let made = server.engine.import_batch(&cx, vec![row]).await;
    assert!(made.expect("a working store")[0].is_ok());
}

fn body_of(has_body: bool, number: &str) -> Option<Value> {
    has_body.then(|| json!({"data": {"numbers": [number]}}))
}

async fn check(table: &str, is_there: bool) {
    let server = Harness::new().await;
    server.stock("local", &["+14159990000"]).await;
    let (child, reseller) = (&server.child, &server.reseller);
    let (stranger, master) = (&server.stranger, &server.master);
    let columns: [(Option<&Holder>, &Holder); 8] = [
        (None, child),
        (Some(stranger), child),
        (Some(stranger), stranger),
        (Some(child), child),
        (Some(reseller), child),
        (Some(reseller), reseller),
        (Some(master), child),
        (Some(master), master),
    ];
    let mut wrong = Vec::new();
    let mut next = 4_155_550_000_u64;
    for line in table.trim().lines() {
        let (method, rest, has_body, cells) = parse(line);
        assert_eq!(cells.len(), COLUMNS.len(), "{line}");
        for (column, expected) in cells.into_iter().enumerate() {
            let (caller, target) = columns[column];
            next += 1;
            let number = format!("+1{next}");
            if is_there {
                owned(&server, &number).await;
            }
            let path = target.numbers(&rest.replace('N', &number));
            let token = caller.map(|holder| holder.token.as_str());
            let body = body_of(has_body, &number);
            let said = ask(&server, method, &path, token, body, &number).await;
            if said != expected {
                let who = COLUMNS[column];
                wrong.push(format!(
                    "{method} {rest} {who}: {said}, expected {expected}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn everybody_and_a_number_of_the_childs() {
    check(OWNED_BY_CHILD, true).await;
}

#[tokio::test]
async fn everybody_and_a_number_that_isnt_there() {
    check(ABSENT, false).await;
}

#[tokio::test]
async fn everybody_without_an_account() {
    let server = Harness::new().await;
    server.stock("local", &["+14159990000"]).await;
    let number = "+14155550001";
    owned(&server, number).await;
    let callers = [
        None,
        Some(&server.stranger),
        Some(&server.child),
        Some(&server.master),
    ];
    let mut wrong = Vec::new();
    for line in WITHOUT_ACCOUNT.trim().lines() {
        let (method, rest, has_body, cells) = parse(line);
        assert_eq!(cells.len(), callers.len(), "{line}");
        for (caller, expected) in callers.iter().zip(cells) {
            let path = format!("/v2/phone_numbers{}", rest.replace('N', number));
            let token = caller.map(|holder| holder.token.as_str());
            let body = body_of(has_body, number);
            let said = ask(&server, method, &path, token, body, number).await;
            if said != expected {
                let name = caller.map_or("nobody", |holder| &holder.account.name);
                wrong.push(format!(
                    "{method} {rest} {name}: {said}, expected {expected}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn bad_tokens_are_401_on_every_route() {
    let server = Harness::new().await;
    for line in OWNED_BY_CHILD.trim().lines() {
        let (method, rest, has_body, _) = parse(line);
        let number = "+14155550001";
        let path = server.child.numbers(&rest.replace('N', number));
        let body = body_of(has_body, number);
        let said = ask(&server, method, &path, Some("no.good.token"), body, number).await;
        assert_eq!(said, "401", "{line}");
    }
}

#[tokio::test]
async fn verbs_that_a_route_doesnt_have_are_405_and_odd_paths_404() {
    let server = Harness::new().await;
    let child = &server.child;
    for (method, rest) in [
        ("POST", ""),
        ("DELETE", ""),
        ("PUT", "/fix"),
        ("GET", "/check"),
        ("PUT", "/classifiers"),
        ("GET", "/collection/activate"),
        ("GET", "/+14155550001/activate"),
        ("POST", "/+14155550001/reserve"),
        ("PUT", "/+14155550001/identify"),
        ("GET", "/collection"),
    ] {
        let token = Some(child.token.as_str());
        let answer = server.call(method, &child.numbers(rest), token, None).await;
        assert_eq!(answer.refusal().0, 405, "{method} {rest}");
        assert_eq!(answer.refusal().1, "invalid_method");
    }
    for (method, rest) in [
        ("PUT", "/collection/reserve"),
        ("GET", "/+14155550001/nothing"),
        ("GET", "/+14155550001/activate/again"),
        ("GET", "/check/+14155550001"),
    ] {
        let token = Some(child.token.as_str());
        let answer = server.call(method, &child.numbers(rest), token, None).await;
        assert_eq!(answer.refusal().0, 404, "{method} {rest}");
    }
}
