//! `accounts`, as every kind of caller (spec/http.md 3.7, 4.1, 4.2).

mod people;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use futures::future::join_all;
use people::{Answer, People};
use serde_json::{Value, json};
use tower::ServiceExt;

fn ids(answer: &Answer) -> Vec<String> {
    let rows = answer.data().as_array().unwrap();
    let mut ids: Vec<_> = rows
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

fn sorted(people: &[&people::Person]) -> Vec<String> {
    let mut ids: Vec<_> = people
        .iter()
        .map(|person| person.account.id.to_string())
        .collect();
    ids.sort();
    ids
}

fn named(name: &str) -> Value {
    json!({"data": {"name": name}})
}

#[tokio::test]
async fn an_account_is_shown_to_itself_and_to_those_above() {
    let people = People::new().await;
    let path = format!("/v2/accounts/{}", people.child.account.id);
    assert_eq!(
        people.as_each("GET", &path, None).await,
        [401, 403, 200, 200, 200]
    );
    let shown = people
        .send("GET", &path, Some(&people.parent.token), None)
        .await;
    assert_eq!(shown.body["revision"], "1");
    assert_eq!(shown.headers["etag"], "\"1\"");
    let data = shown.data();
    assert_eq!(data["id"], json!(people.child.account.id));
    assert_eq!(data["name"], "child");
    assert_eq!(data["reseller_id"], json!(people.master.account.id));
    assert_eq!(data["is_reseller"], false);
    assert_eq!(data["billing_mode"], "normal");
    for (id, message) in [
        ("short", "bad identifier"),
        ("00000000000000000000000000000000", "bad_identifier"),
    ] {
        let path = format!("/v2/accounts/{id}");
        for token in [None, Some(people.master.token.as_str())] {
            let missing = people.send("GET", &path, token, None).await;
            assert_eq!(
                (missing.status.as_u16(), &missing.body["message"]),
                (404, &json!(message))
            );
        }
    }
}

#[tokio::test]
async fn accounts_are_made_below_the_caller_or_below_the_url() {
    let people = People::new().await;
    let nobody = people
        .send("PUT", "/v2/accounts", None, Some(named("new")))
        .await;
    assert_eq!(nobody.status, 401);
    let made = people
        .send(
            "PUT",
            "/v2/accounts",
            Some(&people.child.token),
            Some(named("new")),
        )
        .await;
    assert_eq!(made.status, 201);
    let id = made.data()["id"].as_str().unwrap();
    assert_eq!(made.headers["location"], format!("/v2/accounts/{id}"));
    let parents = format!("/v2/accounts/{id}/parents");
    let above = people
        .send("GET", &parents, Some(&people.parent.token), None)
        .await;
    let names: Vec<_> = above
        .data()
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["name"])
        .collect();
    assert_eq!(names, ["parent", "child"]);

    let path = format!("/v2/accounts/{}", people.child.account.id);
    // The same name again is refused by the account, not by the caller's rights.
    assert_eq!(
        people.as_each("PUT", &path, Some(named("again"))).await,
        [401, 403, 201, 400, 400]
    );
    let taken = people
        .send(
            "PUT",
            &path,
            Some(&people.child.token),
            Some(named("AGAIN!")),
        )
        .await;
    assert_eq!(taken.body["message"], "validation error");
    let unique = &taken.data()["name"]["unique"];
    assert_eq!(unique["message"], "Account name already in use");
    assert_eq!(unique["cause"], "AGAIN!");
    let nameless = people
        .send("PUT", &path, Some(&people.child.token), Some(json!({})))
        .await;
    assert_eq!(
        nameless.data(),
        &json!({"name": {"required": {"message": "Field is required but missing", "value": "name"}}})
    );
}

#[tokio::test]
async fn only_making_accounts_is_possible_without_an_id() {
    let people = People::new().await;
    for verb in ["GET", "POST", "PATCH", "DELETE"] {
        let answer = people
            .send(verb, "/v2/accounts", Some(&people.master.token), None)
            .await;
        assert_eq!(answer.status, 405, "{verb}");
    }
}

#[tokio::test]
async fn an_account_is_replaced_and_merged() {
    let people = People::new().await;
    let path = format!("/v2/accounts/{}", people.child.account.id);
    let change = Some(json!({"data": {"a": {"b": 1, "c": 2}}}));
    assert_eq!(
        people.as_each("PATCH", &path, change).await,
        [401, 403, 200, 200, 200]
    );
    let token = Some(people.child.token.as_str());
    let change = Some(json!({"data": {"a": {"b": null}, "language": "de-DE"}}));
    let merged = people.send("PATCH", &path, token, change).await;
    assert_eq!(merged.data()["a"], json!({"c": 2}));
    assert_eq!(
        people.as_each("POST", &path, Some(named("child"))).await,
        [401, 403, 200, 200, 200]
    );
    let replaced = people.send("GET", &path, token, None).await;
    assert!(replaced.data().get("a").is_none());
    // What a client got, it can send back.
    let back = json!({"data": replaced.data()});
    let same = people.send("POST", &path, token, Some(back)).await;
    assert_eq!(same.body["revision"], replaced.body["revision"]);
}

#[tokio::test]
async fn a_revision_guards_what_a_client_has_not_seen() {
    let people = People::new().await;
    let path = format!("/v2/accounts/{}", people.child.account.id);
    let request = |verb: &str, header: &str, revision: &str, body: &str| {
        axum::http::Request::builder()
            .method(verb)
            .uri(&path)
            .header("x-auth-token", &people.child.token)
            .header(header, revision)
            .body(axum::body::Body::from(body.to_owned()))
            .unwrap()
    };
    let unchanged = people
        .request(request("GET", "if-none-match", "\"1\"", ""))
        .await;
    assert_eq!(unchanged.status, 304);
    let body = r#"{"data":{"name":"renamed"}}"#;
    for (revision, status) in [("\"0\"", 412), ("\"1\"", 200), ("\"1\"", 412)] {
        let answer = people
            .request(request("PATCH", "if-match", revision, body))
            .await;
        assert_eq!(answer.status, status);
    }
}

/// Whoever writes second has not seen what the first wrote, however close they
/// are.
#[tokio::test]
async fn of_many_who_name_the_same_revision_one_writes() {
    let people = People::new().await;
    let child = &people.child;
    let account = format!("/v2/accounts/{}", child.account.id);
    let user = format!("{account}/users/{}", child.admin.id);
    for path in [account, user] {
        let ask = |index: usize, tag: &'static str| {
            let request = axum::http::Request::patch(&path)
                .header("x-auth-token", &child.token)
                .header("if-match", tag)
                .body(format!(r#"{{"data":{{"writer":{index}}}}}"#).into());
            people.request(request.unwrap())
        };
        let answers = join_all((0..8).map(|index| ask(index, "\"1\""))).await;
        let winners: Vec<usize> = (0..8).filter(|at| answers[*at].status == 200).collect();
        assert_eq!(winners.len(), 1, "{path}");
        assert!(
            answers
                .iter()
                .all(|answer| matches!(answer.status.as_u16(), 200 | 412))
        );
        let stored = people.send("GET", &path, Some(&child.token), None).await;
        assert_eq!(stored.data()["writer"], winners[0]);
        // Who takes any revision waits for its turn.
        let answers = join_all((0..8).map(|index| ask(index, "*"))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{path}");
    }
}

#[tokio::test]
async fn an_account_is_deleted_when_nothing_depends_on_it() {
    let people = People::new().await;
    let parent = format!("/v2/accounts/{}", people.parent.account.id);
    let refused = people
        .send("DELETE", &parent, Some(&people.master.token), None)
        .await;
    assert_eq!(refused.status, 500);
    assert_eq!(refused.body["message"], "account_has_descendants");
    let child = format!("/v2/accounts/{}", people.child.account.id);
    for token in [None, Some(people.stranger.token.as_str())] {
        assert!(
            people
                .send("DELETE", &child, token, None)
                .await
                .status
                .is_client_error()
        );
    }
    let deleted = people
        .send("DELETE", &child, Some(&people.parent.token), None)
        .await;
    assert_eq!(deleted.status, 200);
    assert_eq!(deleted.data()["_read_only"], json!({"deleted": true}));
    assert_eq!(deleted.data()["name"], "child");
    // Its own token ended with it; others get to know that it is gone.
    assert_eq!(
        people.as_each("GET", &child, None).await,
        [404, 404, 404, 404, 404]
    );
    let own = people
        .send("GET", "/v2/token_auth", Some(&people.child.token), None)
        .await;
    assert_eq!(own.status, 401);
    let master = format!("/v2/accounts/{}", people.master.account.id);
    let refused = people
        .send("DELETE", &master, Some(&people.master.token), None)
        .await;
    assert_eq!(refused.status, 405);
}

#[tokio::test]
async fn relatives_are_listed() {
    let people = People::new().await;
    let People {
        master,
        parent,
        child,
        stranger,
        ..
    } = &people;
    let token = Some(master.token.as_str());
    for (account, list, expected) in [
        (master, "children", sorted(&[parent, stranger])),
        (master, "descendants", sorted(&[parent, stranger, child])),
        (parent, "siblings", sorted(&[parent, stranger])),
        (child, "parents", sorted(&[master, parent])),
        (child, "tree", sorted(&[master, parent])),
        (child, "children", vec![]),
    ] {
        let path = format!("/v2/accounts/{}/{list}", account.account.id);
        let listed = people.send("GET", &path, token, None).await;
        assert_eq!(ids(&listed), expected, "{list}");
    }
    let own = format!("/v2/accounts/{}", child.account.id);
    for (list, statuses) in [
        ("children", [401, 403, 200, 200, 200]),
        ("descendants", [401, 403, 200, 200, 200]),
        ("siblings", [401, 403, 403, 200, 200]),
        ("parents", [401, 403, 200, 200, 200]),
        ("tree", [401, 403, 200, 200, 200]),
    ] {
        let path = format!("{own}/{list}");
        assert_eq!(people.as_each("GET", &path, None).await, statuses, "{list}");
        let put = people.send("PUT", &path, token, None).await;
        assert_eq!(put.status, 405, "{list}");
    }
    let path = format!("/v2/accounts/{}/descendants", master.account.id);
    let listed = people.send("GET", &path, token, None).await;
    let rows = listed.data().as_array().unwrap();
    let row = rows
        .iter()
        .find(|row| row["id"] == json!(child.account.id))
        .unwrap();
    assert_eq!(row["name"], "child");
    assert_eq!(row["realm"], json!(child.account.realm));
    assert_eq!(row["tree"], json!([master.account.id, parent.account.id]));
}

#[tokio::test]
async fn listings_have_pages_and_filters() {
    let people = People::new().await;
    let token = Some(people.master.token.as_str());
    let base = format!("/v2/accounts/{}/descendants", people.master.account.id);
    let People {
        parent,
        child,
        stranger,
        ..
    } = &people;
    let all = sorted(&[parent, child, stranger]);
    let mut found = Vec::new();
    let mut path = format!("{base}?page_size=2");
    loop {
        let page = people.send("GET", &path, token, None).await;
        found.push(ids(&page));
        assert_eq!(page.body["page_size"], json!(found.last().unwrap().len()));
        let Some(next) = page.body["next_start_key"].as_str() else {
            break;
        };
        path = format!("{base}?page_size=2&start_key={next}");
    }
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(found.concat(), all);
    let whole = people
        .send("GET", &format!("{base}?paginate=false"), token, None)
        .await;
    assert_eq!(ids(&whole), all);
    assert!(whole.body.get("page_size").is_none());
    for (query, expected) in [
        ("filter_name=child", sorted(&[child])),
        ("filter_not_name=child", sorted(&[parent, stranger])),
        ("has_key=nothing", vec![]),
        ("created_from=1&page_size=50", all.clone()),
        ("created_to=1", vec![]),
        ("filter_name=stranger&page_size=1", sorted(&[stranger])),
    ] {
        let listed = people
            .send("GET", &format!("{base}?{query}"), token, None)
            .await;
        assert_eq!(ids(&listed), expected, "{query}");
        assert!(listed.body.get("next_start_key").is_none(), "{query}");
    }
    for query in ["page_size=0", "start_key=x"] {
        let refused = people
            .send("GET", &format!("{base}?{query}"), token, None)
            .await;
        assert_eq!(refused.body["message"], "faulty request", "{query}");
    }
}

#[tokio::test]
async fn a_key_is_shown_once() {
    let people = People::new().await;
    let path = format!("/v2/accounts/{}/api_key", people.child.account.id);
    assert_eq!(
        people.as_each("GET", &path, None).await,
        [401, 403, 404, 404, 404]
    );
    assert_eq!(
        people.as_each("PUT", &path, None).await,
        [401, 403, 201, 201, 201]
    );
    let made = people
        .send("PUT", &path, Some(&people.child.token), None)
        .await;
    let key = made.data()["api_key"].as_str().unwrap();
    let body = Some(json!({"data": {"api_key": key}}));
    let login = people.send("PUT", "/v2/api_auth", None, body).await;
    assert_eq!(login.data()["account_id"], json!(people.child.account.id));
    // Who has only the key can't make another.
    let token = login.body["auth_token"].as_str();
    assert_eq!(people.send("PUT", &path, token, None).await.status, 403);
    let hidden = people.send("GET", &path, token, None).await;
    assert_eq!(hidden.body["message"], "not_found");
    assert!(hidden.data()["cause"].as_str().unwrap().contains("PUT"));
    assert!(!hidden.body.to_string().contains(key));
}

#[tokio::test]
async fn administrators_move_accounts_and_make_resellers() {
    let people = People::new().await;
    let own = format!("/v2/accounts/{}", people.child.account.id);
    let to = Some(json!({"data": {"to": people.stranger.account.id}}));
    let path = format!("{own}/move");
    assert_eq!(
        people.as_each("POST", &path, to).await,
        [401, 403, 403, 403, 200]
    );
    // It is the stranger's now.
    assert_eq!(
        people.as_each("GET", &own, None).await,
        [401, 200, 200, 403, 200]
    );
    let token = Some(people.master.token.as_str());
    for (data, status) in [
        (json!({}), 400),
        (json!({"to": 1}), 400),
        (json!({"to": "short"}), 400),
        (json!({"to": people.child.account.id}), 400),
        (json!({"to": "00000000000000000000000000000000"}), 404),
    ] {
        let moved = people
            .send("POST", &path, token, Some(json!({ "data": data })))
            .await;
        assert_eq!(moved.status, status, "{data}");
    }
    let path = format!("/v2/accounts/{}/reseller", people.stranger.account.id);
    for (verb, status, is_reseller) in [("PUT", 201, true), ("DELETE", 200, false)] {
        let expected = [401, 403, 403, 403, status];
        assert_eq!(people.as_each(verb, &path, None).await, expected, "{verb}");
        let path = format!("/v2/accounts/{}", people.stranger.account.id);
        let shown = people.send("GET", &path, token, None).await;
        assert_eq!(shown.data()["is_reseller"], is_reseller);
    }
}

#[tokio::test]
async fn the_token_s_own_account_has_a_short_name() {
    let people = People::new().await;
    for path in ["/v2/account", "/v1/account/", "/v2/account/children"] {
        let own = people
            .send("GET", path, Some(&people.parent.token), None)
            .await;
        assert_eq!(own.status, 200, "{path}");
        assert_eq!(
            people.send("GET", path, None, None).await.status,
            401,
            "{path}"
        );
    }
}

/// An API key is shown once: it isn't kept to be shown again.
#[tokio::test]
async fn an_api_key_is_not_kept_for_a_repeated_call() {
    let people = People::new().await;
    let child = &people.child;
    let path = format!("/v2/accounts/{}/api_key", child.account.id);
    let ask = async || {
        let request = Request::put(&path)
            .header("x-auth-token", &child.token)
            .header("idempotency-key", "s");
        let request = request.body(Body::empty()).unwrap();
        let answer = people.service.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice::<Value>(&body).unwrap())
    };
    let (status, first) = ask().await;
    assert_eq!(status, 201, "{first}");
    let (status, again) = ask().await;
    assert_eq!(
        (status, &again["message"]),
        (409, &json!("already_answered"))
    );
    let key = first["data"]["api_key"].as_str().unwrap();
    let kind = store::DocumentKind::Idempotency;
    let page = store::Page::first(9);
    let kept = people.engine.store().documents(kind, None, &page);
    let kept = kept.await.unwrap();
    assert_eq!(kept.len(), 1);
    assert!(!kept[0].body.contains(key));
    assert!(!kept[0].body.contains(&child.token));
}
