//! What every answer looks like, in both dialects (spec/http.md 2, 7.2, 7.3;
//! the examples of 2016).

mod common;

use std::collections::BTreeSet;

use api::ApiSettings;
use axum::body::Body;
use axum::http::Request;
use common::{Answer, Harness, Holder};
use engine::Settings;
use serde_json::{Value, json};

const NUMBER: &str = "+14242424248";

/// Asks in a dialect.
async fn ask(
    server: &Harness,
    dialect: &str,
    holder: &Holder,
    verb: &str,
    path: &str,
    data: Option<Value>,
) -> Answer {
    let request = Request::builder()
        .method(verb)
        .uri(path)
        .header("x-numberd-dialect", dialect)
        .header("x-auth-token", &holder.token);
    let body = data.map_or_else(Body::empty, |data| {
        Body::from(json!({ "data": data }).to_string())
    });
    server.send(request.body(body).unwrap()).await
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// Takes out what differs from run to run, after a look at it.
fn settled(answer: &Answer, token: &str) -> Value {
    let mut body = answer.body.clone();
    let envelope = body.as_object_mut().unwrap();
    let mut take = |key: &str| envelope.remove(key).unwrap_or_default();
    assert_eq!(take("request_id").as_str(), answer.header("x-request-id"));
    assert_eq!(take("auth_token"), token);
    assert_eq!(take("version"), env!("CARGO_PKG_VERSION"));
    let timestamp = take("timestamp").as_str().unwrap().to_owned();
    assert!(
        timestamp.len() == 20 && timestamp.ends_with('Z'),
        "{timestamp}"
    );
    let node = take("node");
    assert!(node.as_str().is_some_and(|node| node.len() >= 16), "{node}");
    body
}

#[tokio::test]
async fn a_number_in_both_dialects() {
    let server = Harness::new().await;
    let reseller = &server.reseller;
    let path = reseller.numbers(&format!("/{NUMBER}"));
    let fields = json!({"my_field": "my value", "ringback": {"early": "x"}});
    let made = ask(&server, "2016", reseller, "PUT", &path, Some(fields)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let (created, id) = (made.data()["created"].clone(), reseller.id());
    let mut expected = json!({
        "data": {
            "id": NUMBER,
            "my_field": "my value",
            "ringback": {"early": "x"},
            "state": "reserved",
            "features": {"local": {}, "ringback": {"early": "x"}},
            "assigned_to": id,
            "created": created,
            "updated": created,
            "_read_only": made.data()["_read_only"],
        },
        "revision": "undefined",
        "status": "success",
    });
    assert_eq!(settled(&made, &reseller.token), expected);
    let read_only = &made.data()["_read_only"];
    assert_eq!(read_only["created"], created);
    assert_eq!(read_only["modified"], created);
    assert_eq!(read_only["state"], "reserved");
    assert_eq!(read_only["carrier_module"], "local");
    assert!(
        read_only["features"]["available"]
            .as_array()
            .unwrap()
            .contains(&"ringback".into())
    );
    assert_eq!(
        read_only["features_available"],
        read_only["features"]["available"]
    );

    let read = ask(&server, "4.3", reseller, "GET", &path, None).await;
    expected["data"]["features"] = json!(["local", "ringback"]);
    expected["data"]["_read_only"] = read.data()["_read_only"].clone();
    expected["metadata"] = read.data()["_read_only"].clone();
    expected.as_object_mut().unwrap().remove("revision");
    assert_eq!(settled(&read, &reseller.token), expected);
    // The envelope tells no revision; what `If-Match` names is in the header.
    let created = &read.data()["created"];
    assert_eq!(
        read.header("etag"),
        Some(format!("\"1-{created}\"").as_str())
    );
}

#[tokio::test]
async fn a_listing_in_both_dialects() {
    let server = Harness::new().await;
    let reseller = &server.reseller;
    server
        .write(
            "PUT",
            reseller,
            &reseller.numbers(&format!("/{NUMBER}")),
            json!({}),
        )
        .await;
    let path = reseller.numbers("");
    let old = ask(&server, "2016", reseller, "GET", &path, None).await;
    let new = ask(&server, "4.3", reseller, "GET", &path, None).await;
    for answer in [&old, &new] {
        let data = answer.data();
        assert_eq!(
            keys(data),
            ["cascade_quantity", "casquade_quantity", "numbers"].into()
        );
        assert_eq!(data["cascade_quantity"], data["casquade_quantity"]);
        assert_eq!(answer.body["page_size"], 1);
        let etag = format!("\"{}\"", answer.body["revision"].as_str().unwrap());
        assert_eq!(answer.header("etag"), Some(etag.as_str()));
        let row = &data["numbers"][NUMBER];
        for key in ["features_allowed", "features_denied", "features_available"] {
            assert!(row[key].is_array(), "{key}");
        }
        assert_eq!(row["assigned_to"], reseller.id());
        assert_eq!(row["state"], "reserved");
        assert!(row["created"].is_u64() && row["updated"].is_u64());
    }
    assert_eq!(
        old.data()["numbers"][NUMBER]["features"],
        json!({"local": {}})
    );
    assert_eq!(old.data()["numbers"][NUMBER]["used_by"], "");
    assert_eq!(new.data()["numbers"][NUMBER]["features"], json!(["local"]));
    assert_eq!(new.data()["numbers"][NUMBER].get("used_by"), None);
    let empty = server
        .get(&server.stranger, &server.stranger.numbers(""))
        .await;
    assert_eq!(empty.data()["numbers"], json!({}));
}

#[tokio::test]
async fn no_token_is_an_empty_one_in_2016() {
    let server = Harness::new().await;
    let ask = async |dialect: &str| {
        let request = Request::get("/v2/phone_numbers/classifiers/4158867900");
        let request = request
            .header("x-numberd-dialect", dialect)
            .body(Body::empty())
            .unwrap();
        server.send(request).await
    };
    let old = ask("2016").await;
    assert_eq!(old.body["auth_token"], "");
    assert_eq!(old.body["revision"], "undefined");
    assert_eq!(old.data()["name"], "did_us");
    let new = ask("4.3").await;
    assert_eq!(new.body.get("auth_token"), None);
    assert_eq!(new.body.get("revision"), None);
}

#[tokio::test]
async fn refusals_in_both_dialects() {
    let server = Harness::new().await;
    let stranger = &server.stranger;
    let path = stranger.numbers(&format!("/{NUMBER}"));
    let missing =
        json!({"message": "bad identifier", "not_found": "The number could not be found"});
    for dialect in ["2016", "4.3"] {
        let answer = ask(&server, dialect, stranger, "GET", &path, None).await;
        assert_eq!(answer.refusal(), (404, "bad_identifier", &missing));
        let mut envelope = settled(&answer, &stranger.token);
        let revision = envelope.as_object_mut().unwrap().remove("revision");
        assert_eq!(revision, None);
        assert_eq!(
            keys(&envelope),
            ["data", "error", "message", "status"].into()
        );
    }
    let old = ask(&server, "2016", stranger, "PUT", &path, Some(json!({}))).await;
    let unauthorized = json!({
        "message": "unknown failure",
        "unauthorized": "Not authorized to perform requested number operation",
    });
    assert_eq!(old.refusal(), (500, "unauthorized", &unauthorized));
    let new = ask(&server, "4.3", stranger, "PUT", &path, Some(json!({}))).await;
    let forbidden = json!({
        "code": 403,
        "error": "forbidden",
        "message": "requestor is unauthorized to perform operation",
        "cause": "creating number in state 'reserved' is not allowed",
    });
    assert_eq!(new.refusal(), (403, "forbidden", &forbidden));

    let reseller = &server.reseller;
    let path = reseller.numbers(&format!("/{NUMBER}"));
    server.write("PUT", reseller, &path, json!({})).await;
    let again = server.write("PUT", reseller, &path, json!({})).await;
    let exists = json!({
        "cause": NUMBER,
        "code": 409,
        "error": "number_exists",
        "message": format!("number {NUMBER} already exists"),
    });
    assert_eq!(again.refusal(), (409, "number_exists", &exists));
}

#[tokio::test]
async fn collections_have_two_maps() {
    let server = Harness::new().await;
    let reseller = &server.reseller;
    let path = reseller.numbers("/collection");
    let put = async |numbers: Value| {
        server
            .write("PUT", reseller, &path, json!({ "numbers": numbers }))
            .await
    };
    let first = put(json!(["+14155550001", "4155550002"])).await;
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!(keys(first.data()), ["success"].into());
    assert_eq!(
        keys(&first.data()["success"]),
        ["+14155550001", "+14155550002"].into()
    );
    let mixed = put(json!(["+14155550001", "+14155550003"])).await;
    assert_eq!(mixed.status, 201);
    assert_eq!(keys(&mixed.data()["success"]), ["+14155550003"].into());
    let error = &mixed.data()["error"]["+14155550001"];
    assert_eq!(
        (&error["code"], &error["error"]),
        (&json!(409), &json!("number_exists"))
    );
    let none = put(json!(["+14155550001"])).await;
    assert_eq!(
        (none.status.as_u16(), keys(none.data())),
        (201, ["error"].into())
    );
}

#[tokio::test]
async fn released_numbers_are_shown_in_one_dialect() {
    let server = Harness::new().await;
    let reseller = &server.reseller;
    let path = reseller.numbers(&format!("/{NUMBER}"));
    for dialect in ["2016", "4.3"] {
        server.write("PUT", reseller, &path, json!({})).await;
        let gone = ask(&server, dialect, reseller, "DELETE", &path, None).await;
        assert_eq!(gone.status, 200, "{}", gone.text);
        if dialect == "2016" {
            assert_eq!(gone.data(), &json!({}));
        } else {
            assert_eq!(gone.data()["id"], NUMBER);
            assert_eq!(gone.data()["_read_only"]["is_deleted"], true);
        }
    }
}

#[tokio::test]
async fn unchanged_documents_are_not_sent_again() {
    let server = Harness::new().await;
    let child = &server.child;
    let first = server.get(child, &child.url("")).await;
    let etag = first.header("etag").unwrap().to_owned();
    assert_eq!(
        etag,
        format!("\"{}\"", first.body["revision"].as_str().unwrap())
    );
    for (verb, name, tag, status) in [
        ("GET", "if-none-match", etag.as_str(), 304),
        ("GET", "if-none-match", "\"other\", *", 304),
        ("GET", "if-none-match", "\"other\"", 200),
        ("PATCH", "if-match", "\"other\"", 412),
        // Bytes that are no text name no revision.
        ("PATCH", "if-match", "\"\u{ff}\"", 412),
        ("PATCH", "if-match", etag.as_str(), 200),
    ] {
        let request = Request::builder()
            .method(verb)
            .uri(child.url(""))
            .header(name, tag);
        let request = request.header("x-auth-token", &child.token);
        let body = if verb == "PATCH" {
            r#"{"data":{"note":"x"}}"#
        } else {
            ""
        };
        let answer = server.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(
            answer.status, status,
            "{verb} {name} {tag}: {}",
            answer.text
        );
        if status == 304 {
            assert_eq!(
                (answer.text.as_str(), answer.header("etag")),
                ("", Some(etag.as_str()))
            );
        }
    }
    // Listings carry a digest of their data.
    let path = child.numbers("");
    let tag = server
        .get(child, &path)
        .await
        .header("etag")
        .unwrap()
        .to_owned();
    let request = Request::get(&path).header("x-auth-token", &child.token);
    let request = request
        .header("if-none-match", tag)
        .body(Body::empty())
        .unwrap();
    assert_eq!(server.send(request).await.status, 304);
}

#[tokio::test]
async fn created_documents_have_a_place() {
    let server = Harness::new().await;
    let data = json!({"name": "new one"});
    let made = server
        .write("PUT", &server.reseller, &server.reseller.url(""), data)
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let place = made.header("location").unwrap();
    assert_eq!(
        place,
        format!("/v2/accounts/{}", made.data()["id"].as_str().unwrap())
    );
    assert_eq!(server.get(&server.reseller, place).await.status, 200);
    // Tunnelled, too, because it has a place.
    let path = format!("{}?verb=PUT", server.reseller.url(""));
    let data = json!({"name": "another one"});
    assert_eq!(
        server
            .write("POST", &server.reseller, &path, data)
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn listings_as_tables() {
    let server = Harness::new().await;
    let reseller = &server.reseller;
    for last in 1..=2 {
        let path = reseller.numbers(&format!("/+1415555000{last}"));
        server
            .write("PUT", reseller, &path, json!({"note": "a"}))
            .await;
    }
    let csv = server
        .get(
            reseller,
            &reseller.numbers("?accept=csv&file_name=my/../list.csv"),
        )
        .await;
    assert_eq!(csv.status, 200, "{}", csv.text);
    assert_eq!(csv.header("content-type"), Some("text/csv"));
    let disposition = csv.header("content-disposition");
    assert_eq!(disposition, Some("attachment; filename=\"my..list.csv\""));
    let mut lines = csv.text.lines();
    let header = "\"number\",\"state\",\"features\",\"features_allowed\",\"features_denied\",\
                  \"assigned_to\",\"created\",\"updated\",\"features_available\",\"used_by\",\
                  \"locality\"";
    assert_eq!(lines.next(), Some(header));
    let start = "\"+14155550001\",\"reserved\",\"local\",\"\",\"\",\"";
    assert!(lines.next().unwrap().starts_with(start), "{}", csv.text);
    assert_eq!(lines.count(), 1);
    let request = Request::get(reseller.numbers("")).header("accept", "text/csv");
    let request = request
        .header("x-auth-token", &reseller.token)
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        server.send(request).await.header("content-type"),
        Some("text/csv")
    );
}

#[tokio::test]
async fn pages_and_filters_of_numbers() {
    let server = Harness::new().await;
    let reseller = &server.reseller;
    for last in 1..=5 {
        let path = reseller.numbers(&format!("/+1415555000{last}"));
        let data = json!({"dimension": {"odd": last % 2 == 1}});
        server.write("PUT", reseller, &path, data).await;
    }
    let numbers = async |query: &str| {
        let answer = server.get(reseller, &reseller.numbers(query)).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        let rows = answer.data()["numbers"].as_object().unwrap();
        let last = |key: &String| key[11..].to_owned();
        (rows.keys().map(last).collect::<Vec<_>>().concat(), answer)
    };
    let (rows, page) = numbers("?page_size=2").await;
    assert_eq!((rows.as_str(), &page.body["page_size"]), ("12", &json!(2)));
    assert_eq!(page.body["next_start_key"], "g20AAAAMKzE0MTU1NTUwMDAz");
    assert_eq!(page.body.get("start_key"), None);
    let (rows, page) = numbers("?page_size=4&start_key=g20AAAAMKzE0MTU1NTUwMDAz").await;
    assert_eq!(
        (rows.as_str(), page.body.get("next_start_key")),
        ("345", None)
    );
    assert_eq!(page.body["start_key"], "g20AAAAMKzE0MTU1NTUwMDAz");
    for key in ["%2B14155550004", "+14155550004", "14155550004"] {
        assert_eq!(numbers(&format!("?start_key={key}")).await.0, "45", "{key}");
    }
    assert_eq!(numbers("?descending=true&page_size=2").await.0, "54");
    let (rows, all) = numbers("?paginate=false&page_size=2").await;
    assert_eq!((rows.as_str(), all.body.get("page_size")), ("12345", None));
    // A page is full of what is kept, not of what was looked at.
    let (rows, page) = numbers("?filter_dimension.odd=true&page_size=2").await;
    assert_eq!((rows.as_str(), &page.body["page_size"]), ("13", &json!(2)));
    assert!(page.body["next_start_key"].is_string());
    assert_eq!(
        numbers("?filter_state=%5B%22reserved%22%5D").await.0,
        "12345"
    );
    assert_eq!(numbers("?filter_state=in_service").await.0, "");
    for (query, text) in [
        ("?page_size=0", "page size must be at least 1"),
        ("?page_size=x", "invalid page size"),
        ("?start_key=x", "invalid start key"),
    ] {
        let answer = server.get(reseller, &reseller.numbers(query)).await;
        assert_eq!(
            answer.refusal(),
            (404, "faulty request", &json!({ "message": text }))
        );
    }
}

/// The two shapes of a quote (spec/http.md 2.7).
#[tokio::test]
async fn what_costs_is_asked_first() {
    let prices = json!({"number_services": {"ringback": 1.5}});
    let settings = Settings {
        prices: serde_json::from_value(prices).unwrap(),
        ..Settings::default()
    };
    let server = Harness::with(settings, ApiSettings::default()).await;
    let reseller = &server.reseller;
    let path = reseller.numbers(&format!("/{NUMBER}"));
    let data = json!({"ringback": {"early": "x"}});
    let old = ask(&server, "2016", reseller, "PUT", &path, Some(data.clone())).await;
    let (status, message, quote) = old.refusal();
    assert_eq!((status, message), (402, "accept charges"));
    assert_eq!(quote["number_services"]["ringback"]["rate"], 1.5);
    assert_eq!(quote["activation_charges"], 0.0);
    let new = ask(&server, "4.3", reseller, "PUT", &path, Some(data.clone())).await;
    let quote = new.refusal().2;
    assert_eq!(quote[0]["bookkeeper"]["type"], "local");
    assert_eq!(quote[0]["items"][0]["item"], "ringback");
    assert_eq!(quote[0]["summary"], json!({"today": 0.0, "recurring": 1.5}));
    assert_eq!(server.get(reseller, &path).await.status, 404);
    let body = json!({"data": data, "accept_charges": true});
    let paid = server
        .call("PUT", &path, Some(&reseller.token), Some(body))
        .await;
    assert_eq!(paid.status, 201, "{}", paid.text);
}
