//! Every route of accounts, users and log-ins, asked by everybody, about the
//! child's and about what isn't there. Numbers have a matrix of their own.

mod people;

use people::{PASSWORD, People, Person, credentials, object};
use serde_json::{Value, json};

/// Route, what is sent, and the status for nobody, stranger, child, parent,
/// master. `A` is the child's account, `U` a user of it, `T` its token. A line
/// that begins with `!` has a fresh server for each cell: what it does to the
/// account stays done.
const THERE: &str = "
  GET    accounts                      -           405 405 405 405 405
  PUT    accounts                      new         401 201 201 201 201
  GET    accounts/A                    -           401 403 200 200 200
  PUT    accounts/A                    new         401 403 201 201 201
  POST   accounts/A                    named       401 403 200 200 200
  PATCH  accounts/A                    note        401 403 200 200 200
! DELETE accounts/A                    -           401 403 200 200 200
  GET    accounts/A/children           -           401 403 200 200 200
  GET    accounts/A/descendants        -           401 403 200 200 200
  GET    accounts/A/siblings           -           401 403 403 200 200
  GET    accounts/A/parents            -           401 403 200 200 200
  GET    accounts/A/tree               -           401 403 200 200 200
  GET    accounts/A/api_key            -           401 403 404 404 404
  PUT    accounts/A/api_key            -           401 403 201 201 201
! POST   accounts/A/move               move        401 403 403 403 200
  PUT    accounts/A/reseller           -           401 403 403 403 201
  DELETE accounts/A/reseller           -           401 403 403 403 200
  GET    accounts/A/orders             -           401 403 200 200 200
  GET    accounts/A/configs/number_manager -       401 403 200 200 200
  POST   accounts/A/configs/number_manager note    401 403 403 403 400
  PATCH  accounts/A/configs/number_manager note    401 403 403 403 400
  DELETE accounts/A/configs/number_manager -       401 403 403 403 200
  GET    accounts/A/carriers/telnyx    -           401 403 404 404 404
  PUT    accounts/A/carriers/telnyx    note        401 403 400 400 400
  POST   accounts/A/carriers/telnyx    note        401 403 400 400 400
  DELETE accounts/A/carriers/telnyx    -           401 403 404 404 404
  GET    accounts/A/users              -           401 403 200 200 200
  PUT    accounts/A/users              person      401 403 201 201 201
  GET    accounts/A/users/U            -           401 403 200 200 200
  POST   accounts/A/users/U            person      401 403 200 200 200
  PATCH  accounts/A/users/U            note        401 403 200 200 200
  DELETE accounts/A/users/U            -           401 403 200 200 200
  PUT    accounts/A/users/U/user_auth  impersonate 401 403 403 403 201
  GET    account                       -           401 200 200 200 200
  GET    webhooks                      -           200 200 200 200 200
  GET    webhooks/samples              -           200 200 200 200 200
  GET    webhooks/samples/object       -           200 200 200 200 200
  GET    webhooks/samples/other        -           404 404 404 404 404
  GET    accounts/A/webhooks           -           401 403 200 200 200
  PUT    accounts/A/webhooks           hook        401 403 201 201 201
  PATCH  accounts/A/webhooks           reenable    401 403 200 200 200
  GET    accounts/A/webhooks/attempts  -           401 403 200 200 200
  GET    accounts/A/webhooks/x         -           401 403 404 404 404
  POST   accounts/A/webhooks/x         hook        401 403 404 404 404
  PATCH  accounts/A/webhooks/x         note        401 403 404 404 404
  DELETE accounts/A/webhooks/x         -           401 403 404 404 404
  GET    accounts/A/webhooks/x/attempts -          401 403 404 404 404
  PUT    user_auth                     login       201 201 201 201 201
  GET    user_auth/T                   -           401 403 200 403 403
  PUT    user_auth/recovery            note        501 501 501 501 501
  POST   user_auth/recovery            note        501 501 501 501 501
  PUT    api_auth                      key         201 201 201 201 201
  PUT    auth                          refresh     401 201 201 201 201
  GET    auth/tokeninfo?token=T        -           200 200 200 200 200
  POST   auth/tokeninfo?token=T        -           200 200 200 200 200
  GET    token_auth                    -           401 200 200 200 200
  DELETE token_auth                    -           401 200 200 200 200
";

/// The same about an account, a user, a token, a key that isn't there. That an
/// account isn't there is said before who asks is looked at (spec/http.md 1.1).
const ABSENT: &str = "
  GET    accounts/X                    -           404 404 404 404 404
  PUT    accounts/X                    new         404 404 404 404 404
  POST   accounts/X                    named       404 404 404 404 404
  PATCH  accounts/X                    note        404 404 404 404 404
  DELETE accounts/X                    -           404 404 404 404 404
  GET    accounts/X/children           -           404 404 404 404 404
  GET    accounts/X/descendants        -           404 404 404 404 404
  GET    accounts/X/siblings           -           404 404 404 404 404
  GET    accounts/X/parents            -           404 404 404 404 404
  GET    accounts/X/tree               -           404 404 404 404 404
  GET    accounts/X/api_key            -           404 404 404 404 404
  PUT    accounts/X/api_key            -           404 404 404 404 404
  POST   accounts/X/move               move        404 404 404 404 404
  PUT    accounts/X/reseller           -           404 404 404 404 404
  DELETE accounts/X/reseller           -           404 404 404 404 404
  GET    accounts/X/orders             -           404 404 404 404 404
  GET    accounts/X/configs/number_manager -       404 404 404 404 404
  POST   accounts/X/configs/number_manager note    404 404 404 404 404
  PATCH  accounts/X/configs/number_manager note    404 404 404 404 404
  DELETE accounts/X/configs/number_manager -       404 404 404 404 404
  GET    accounts/X/carriers/telnyx    -           404 404 404 404 404
  PUT    accounts/X/carriers/telnyx    note        404 404 404 404 404
  POST   accounts/X/carriers/telnyx    note        404 404 404 404 404
  DELETE accounts/X/carriers/telnyx    -           404 404 404 404 404
  GET    accounts/A/orders/X           -           401 403 404 404 404
  POST   accounts/A/orders/X           note        401 403 403 403 404
  GET    accounts/X/users              -           404 404 404 404 404
  PUT    accounts/X/users              person      404 404 404 404 404
  GET    accounts/X/users/U            -           404 404 404 404 404
  GET    accounts/A/users/X            -           401 403 404 404 404
  POST   accounts/A/users/X            person      401 403 404 404 404
  PATCH  accounts/A/users/X            note        401 403 404 404 404
  DELETE accounts/A/users/X            -           401 403 404 404 404
  PUT    accounts/A/users/X/user_auth  impersonate 401 403 403 403 404
  PUT    user_auth                     wrong       401 401 401 401 401
  GET    user_auth/X                   -           401 403 403 403 403
  PUT    api_auth                      wrong_key   404 404 404 404 404
  POST   hooks/carriers/telnyx         note        404 404 404 404 404
  GET    auth/tokeninfo                -           404 404 404 404 404
  GET    auth/tokeninfo?token=X        -           401 401 401 401 401
";

/// The id of nothing.
const NOTHING: &str = "00000000000000000000000000000000";

/// The body that a table's word stands for.
fn body(word: &str, people: &People, cell: usize) -> Option<Value> {
    let login =
        |password| json!({"credentials": credentials("admin", password), "account_name": "child"});
    let data = match word {
        "-" => return None,
        "new" => json!({"name": format!("new {cell}")}),
        "named" => json!({"name": "child"}),
        "note" => json!({"note": cell}),
        "move" => json!({"to": people.stranger.account.id}),
        "person" => json!({"first_name": "Ada", "last_name": "Lovelace"}),
        "impersonate" => json!({"action": "impersonate_user"}),
        "login" => login(PASSWORD),
        "wrong" => login("wrong"),
        "hook" => json!({"name": "n", "uri": "https://example.com/", "hook": "number.*"}),
        "reenable" => json!({"re-enable": true}),
        "key" => json!({"api_key": people.api_key}),
        "wrong_key" => json!({"api_key": "0".repeat(64)}),
        "refresh" => json!({"action": "refresh_token"}),
        other => panic!("no body is called {other}"),
    };
    Some(json!({ "data": data }))
}

/// A user of the child's who has no password: hashing takes its time.
async fn user(people: &People) -> String {
    let ctx = engine::Context::system("test");
    let data = object(json!({"first_name": "Ada", "last_name": "Lovelace"}));
    let account = &people.child.account.id;
    let made = people.engine.create_user(&ctx, account, data).await;
    made.unwrap().id.to_string()
}

fn callers(people: &People) -> [(&'static str, Option<&Person>); 5] {
    [
        ("nobody", None),
        ("stranger", Some(&people.stranger)),
        ("child", Some(&people.child)),
        ("parent", Some(&people.parent)),
        ("master", Some(&people.master)),
    ]
}

/// A path with its letters filled in; they stand alone between slashes.
async fn filled(path: &str, people: &People) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        parts.push(match part {
            "A" => people.child.account.id.to_string(),
            "U" => user(people).await,
            "T" => people.child.token.clone(),
            "X" => NOTHING.to_owned(),
            "tokeninfo?token=T" => format!("tokeninfo?token={}", people.child.token),
            other => other.to_owned(),
        });
    }
    format!("/v2/{}", parts.join("/"))
}

async fn check(table: &str) {
    let shared = People::new().await;
    let mut wrong = Vec::new();
    for (row, line) in table.trim_matches('\n').lines().enumerate() {
        let own_server = line.starts_with('!');
        let words: Vec<&str> = line.trim_start_matches('!').split_whitespace().collect();
        let [method, path, sent, expected @ ..] = words.as_slice() else {
            panic!("no route: {line}");
        };
        assert_eq!(expected.len(), callers(&shared).len(), "{line}");
        for (column, expected) in expected.iter().enumerate() {
            let fresh = if own_server {
                Some(People::new().await)
            } else {
                None
            };
            let people = fresh.as_ref().unwrap_or(&shared);
            let (name, caller) = callers(people)[column];
            let url = filled(path, people).await;
            let token = caller.map(|caller| caller.token.as_str());
            let body = body(sent, people, row * 10 + column);
            let answer = people.send(method, &url, token, body).await;
            if answer.status.as_str() != *expected {
                let said = answer.status.as_u16();
                wrong.push(format!(
                    "{method} {path} {name}: {said}, expected {expected}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn everybody_and_what_is_the_childs() {
    check(THERE).await;
}

#[tokio::test]
async fn everybody_and_what_isnt_there() {
    check(ABSENT).await;
}
