//! What happens to a request before its handler runs: envelopes, content types,
//! methods, paths, limits (spec/http.md 1).

mod common;

use api::table::{get, put};
use api::{ApiError, ApiSettings, Limits, OpenCall, Reply, Table};
use axum::body::{Body, Bytes};
use axum::http::Request;
use common::{Answer, Harness};
use engine::Settings;
use serde_json::{Value, json};

/// Answers with what it was asked.
async fn echo(mut call: OpenCall) -> Result<Reply, ApiError> {
    let accept_charges = call.accept_charges();
    let value = call.value("x");
    let method = call.method().to_string();
    let token = call.token(1).to_owned();
    let data = call.take_data()?;
    Reply::new(&json!({
        "method": method,
        "data": data,
        "accept_charges": accept_charges,
        "x": value,
        "token": token,
        "dialect": call.dialect().as_str(),
    }))
}

async fn panics(_call: OpenCall) -> Reply {
    panic!("on purpose");
}

fn routes() -> Table {
    let all = get(echo).put(echo).post(echo).patch(echo).delete(echo);
    Table::default()
        .route("/v2/echo", all.clone())
        .route("/v2/echo/{word}", all.clone())
        .route("/v2/accounts/{account_id}/echo", all)
        .route("/v2/put_only", put(echo))
        .route("/v2/panics", get(panics).put(panics))
}

fn settings() -> ApiSettings {
    ApiSettings {
        limits: Limits {
            max_body_bytes: 1000,
            max_path_bytes: 2000,
            bucket_capacity: 0,
            ..Limits::default()
        },
        ..ApiSettings::default()
    }
}

async fn server() -> Harness {
    Harness::with_routes(Settings::default(), settings(), routes()).await
}

/// Sends a body as it is.
async fn send(
    server: &Harness,
    verb: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &'static str,
) -> Answer {
    let mut request = Request::builder().method(verb).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    server.send(request.body(Body::from(body)).unwrap()).await
}

const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn required(value: &Value) -> Value {
    json!({"data": {"required": {"message": "Field is required but missing", "value": value}}})
}

#[tokio::test]
async fn bodies_that_are_envelopes() {
    let server = server().await;
    for (body, data) in [
        ("", json!({})),
        ("{}", json!({})),
        (r#"{"data":{"a":1}}"#, json!({"a": 1})),
        (
            r#"{"data":{"a":null,"b":{"c":null}}}"#,
            json!({"a": null, "b": {"c": null}}),
        ),
        (
            r#"{"data":{"__proto__":{"x":1},"pvt_a":2},"verb":null}"#,
            json!({"__proto__": {"x": 1}, "pvt_a": 2}),
        ),
        (r#"{"data":{"a":1,"a":2}}"#, json!({"a": 2})),
        (r#" {"Data":{"a":1}}"#, json!({"a": 1})),
    ] {
        for verb in ["GET", "PUT", "POST", "PATCH", "DELETE"] {
            let answer = send(&server, verb, "/v2/echo", &[JSON], body).await;
            assert_eq!(
                answer.status,
                if verb == "PUT" { 201 } else { 200 },
                "{verb} {body}"
            );
            assert_eq!(answer.data()["data"], data, "{verb} {body}");
            assert_eq!(answer.data()["method"], verb);
        }
    }
}

#[tokio::test]
async fn bodies_that_are_none() {
    let server = server().await;
    let not_json =
        json!({"json": {"invalid": {"message": "All JSON must be valid", "target": "body"}}});
    for (body, data) in [
        (r#"{"a":1}"#, required(&json!({"a": 1}))),
        (r#"{"data":null}"#, required(&json!({}))),
        (
            r#"{"data":"x"}"#,
            json!({"data": {"type": {
                "message": "Value did not match type(s): object, array",
                "target": "object, array", "value": "x",
            }}}),
        ),
        (
            r#"{"data":[1]}"#,
            json!({"": {"type": {
                "message": "Value did not match type(s): object",
                "target": "object", "value": [1],
            }}}),
        ),
        ("[]", not_json.clone()),
        ("null", not_json.clone()),
        ("7", not_json),
    ] {
        let answer = send(&server, "PUT", "/v2/echo", &[JSON], body).await;
        assert_eq!(answer.refusal(), (400, "validation error", &data), "{body}");
    }
    for body in ["{", "  ", "{\"data\":{}} x", "{'data':{}}", "\u{feff}{}"] {
        let answer = send(&server, "DELETE", "/v2/echo", &[JSON], body).await;
        let (status, message, data) = answer.refusal();
        assert_eq!((status, message), (400, "validation error"), "{body}");
        assert_eq!(data["json"]["invalid"]["target"], "body");
    }
}

#[tokio::test]
async fn nesting_is_bounded() {
    let server = server().await;
    let deep = format!("{{\"data\":{}{}}}", "[".repeat(400), "]".repeat(400));
    let request = Request::put("/v2/echo").body(Body::from(deep)).unwrap();
    assert_eq!(server.send(request).await.status, 400);
}

#[tokio::test]
async fn content_types() {
    let server = server().await;
    let json = r#"{"data":{"a":"b=c&d"}}"#;
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/x-json",
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=UTF-8",
    ] {
        let answer = send(&server, "PUT", "/v2/echo", &[("content-type", kind)], json).await;
        assert_eq!(answer.data()["data"], json!({"a": "b=c&d"}), "{kind}");
    }
    let answer = send(&server, "PUT", "/v2/echo", &[], json).await;
    assert_eq!(answer.data()["data"], json!({"a": "b=c&d"}));
    for kind in [
        "text/csv",
        "application/octet-stream",
        "text/comma-separated-values",
    ] {
        let answer = send(&server, "PUT", "/v2/echo", &[("content-type", kind)], "a,b").await;
        assert_eq!(answer.data()["data"], json!({}), "{kind}");
    }
    for kind in [
        "application/base64",
        "text/xml",
        "image/png",
        "multipart/form-data",
    ] {
        let answer = send(&server, "PUT", "/v2/echo", &[("content-type", kind)], "x").await;
        assert_eq!(answer.refusal().0, 415, "{kind}");
        // Without a body there is nothing to be read.
        let answer = send(&server, "PUT", "/v2/echo", &[("content-type", kind)], "").await;
        assert_eq!(answer.status, 201, "{kind}");
    }
}

#[tokio::test]
async fn forms() {
    let server = server().await;
    let answer = send(&server, "PUT", "/v2/echo", &[FORM], "a=1&b").await;
    assert_eq!(answer.refusal().2, &required(&json!({"a": "1", "b": true})));
    let answer = send(&server, "PUT", "/v2/echo", &[FORM], "data=x").await;
    assert_eq!(answer.refusal().2["data"]["type"]["value"], "x");
    let answer = send(&server, "PUT", "/v2/echo", &[FORM], "null").await;
    assert_eq!(answer.refusal().2["json"]["invalid"]["target"], "body");
    let answer = send(
        &server,
        "PUT",
        "/v2/echo",
        &[FORM],
        " \n{\"data\":{\"a\":1}}",
    )
    .await;
    assert_eq!(answer.data()["data"], json!({"a": 1}));
}

#[tokio::test]
async fn multipart() {
    let server = server().await;
    let kind = ("content-type", "multipart/form-data; boundary=\"B\"");
    let body = "--B\r\nContent-Disposition: form-data; name=f; filename=a.txt\r\n\
                Content-Type: text/plain\r\n\r\nfile\r\n--B\r\n\
                Content-Disposition: form-data; name=json\r\n\
                Content-Type: application/json\r\n\r\n{\"data\":{\"a\":1}}\r\n--B--\r\n";
    let answer = send(&server, "PUT", "/v2/echo", &[kind], body).await;
    assert_eq!(answer.data()["data"], json!({"a": 1}), "{}", answer.text);
    let answer = send(&server, "PUT", "/v2/echo", &[kind], "--B\r\nbroken").await;
    assert_eq!(answer.refusal().1, "parse_error");
}

#[tokio::test]
async fn values_come_from_data_query_and_envelope() {
    let server = server().await;
    for (path, body, expected) in [
        (
            "/v2/echo?x=query",
            r#"{"data":{"x":"data"},"x":"envelope"}"#,
            json!("data"),
        ),
        (
            "/v2/echo?x=query",
            r#"{"data":{},"x":"envelope"}"#,
            json!("query"),
        ),
        (
            "/v2/echo",
            r#"{"data":{},"X":"envelope"}"#,
            json!("envelope"),
        ),
        ("/v2/echo?x", "", json!("true")),
        ("/v2/echo?x=a+b%2B", "", json!("a b+")),
        ("/v2/echo", "", json!(null)),
    ] {
        let answer = send(&server, "POST", path, &[JSON], body).await;
        assert_eq!(answer.data()["x"], expected, "{path} {body}");
    }
    for (path, body, accepted) in [
        ("/v2/echo", r#"{"data":{},"accept_charges":true}"#, true),
        ("/v2/echo", r#"{"data":{},"accept-charges":"true"}"#, true),
        ("/v2/echo", r#"{"data":{"accept_charges":true}}"#, true),
        ("/v2/echo?accept_charges=true", "", true),
        ("/v2/echo?accept_charges=1", "", false),
        ("/v2/echo", r#"{"data":{},"accept_charges":"yes"}"#, false),
    ] {
        let answer = send(&server, "POST", path, &[JSON], body).await;
        assert_eq!(answer.data()["accept_charges"], accepted, "{path} {body}");
    }
}

#[tokio::test]
async fn paths() {
    let server = server().await;
    for (path, token) in [
        ("/v2/echo", ""),
        ("/v2/echo/", ""),
        ("/v2/echo//", ""),
        ("/v1/echo", ""),
        ("/v3/echo/", ""),
        ("/v2/%65cho/x", "x"),
        ("/v2/echo/+1415", "+1415"),
        ("/v2/echo/%2B1415", "+1415"),
        ("/v2/echo/%2B1415/", "+1415"),
        ("/v2/echo/a%20b%2Fc", "a b/c"),
        ("/v2/echo/%252B", "%2B"),
        ("/v2/echo/J%C3%BC", "Jü"),
        ("/v2/echo/%zz", "%zz"),
    ] {
        let answer = send(&server, "GET", path, &[], "").await;
        assert_eq!(answer.status, 200, "{path} {}", answer.text);
        assert_eq!(answer.data()["token"], token, "{path}");
    }
    for path in [
        "/v2/nothing",
        "/v2/echo/a/b",
        "/vx/echo",
        "/",
        "/echo",
        "/v2/echo//x",
    ] {
        let answer = send(&server, "GET", path, &[], "").await;
        let data = json!({"message": "not found"});
        assert_eq!(answer.refusal(), (404, "not_found", &data), "{path}");
    }
    let answer = send(&server, "GET", "/v2/accounts//echo", &[], "").await;
    assert_eq!(
        answer.refusal().2,
        &json!({"message": "missing account_id"})
    );
    for path in ["/v2", "/v2/"] {
        assert_eq!(send(&server, "GET", path, &[], "").await.refusal().0, 401);
    }
    for path in ["/v2/echo/%FF", "/v2/echo?a=%FF"] {
        assert_eq!(
            send(&server, "GET", path, &[], "").await.refusal().1,
            "parse_error"
        );
    }
}

#[tokio::test]
async fn long_ones_are_refused() {
    let server = server().await;
    for path in [
        format!("/v2/echo/{}", "a".repeat(2000)),
        format!("/v2/echo?{}", "a".repeat(2000)),
    ] {
        let answer = send(&server, "GET", &path, &[], "").await;
        assert_eq!(answer.refusal().0, 414);
    }
    let too_large = json!({"file": {"maxSize": {
        "message": "Payload or Files must not be more than 1000 bytes", "target": 1000,
    }}});
    let body = format!("{{\"data\":{{\"a\":\"{}\"}}}}", "a".repeat(1000));
    let request = Request::put("/v2/echo")
        .body(Body::from(body.clone()))
        .unwrap();
    let answer = server.send(request).await;
    assert_eq!(answer.refusal(), (400, "validation error", &too_large));
    // In pieces, without a length that could be known before.
    let pieces: Vec<_> = body
        .as_bytes()
        .chunks(100)
        .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
        .collect();
    let stream = Body::from_stream(futures::stream::iter(pieces));
    let answer = server
        .send(Request::put("/v2/echo").body(stream).unwrap())
        .await;
    assert_eq!(answer.refusal(), (400, "validation error", &too_large));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let server = server().await;
    let pieces = [
        Ok(Bytes::from_static(b"{\"data\"")),
        Err(std::io::Error::other("gone")),
    ];
    let stream = Body::from_stream(futures::stream::iter(pieces));
    let answer = server
        .send(Request::put("/v2/echo").body(stream).unwrap())
        .await;
    assert_eq!(answer.refusal().1, "parse_error");
}

#[tokio::test]
async fn a_post_carries_other_verbs() {
    let server = server().await;
    for (path, body, method, status) in [
        ("/v2/echo?verb=PUT", "", "PUT", 200),
        ("/v2/echo?verb=delete", "", "DELETE", 200),
        ("/v2/echo", r#"{"data":{},"verb":"patch"}"#, "PATCH", 200),
        ("/v2/echo", r#"{"data":{"verb":"GET"}}"#, "GET", 200),
        ("/v2/echo?verb=POST", "", "POST", 200),
        ("/v2/put_only?verb=PUT", "", "PUT", 200),
    ] {
        let answer = send(&server, "POST", path, &[JSON], body).await;
        assert_eq!(answer.status, status, "{path} {body}");
        assert_eq!(answer.data()["method"], method, "{path} {body}");
    }
    for path in [
        "/v2/echo?verb=HEAD",
        "/v2/echo?verb=x",
        "/v2/put_only?verb=GET",
        "/v2/put_only",
    ] {
        let answer = send(&server, "POST", path, &[], "").await;
        let data = json!({"message": "method not allowed"});
        assert_eq!(answer.refusal(), (405, "invalid_method", &data), "{path}");
    }
    let answer = send(&server, "GET", "/v2/echo?verb=DELETE", &[], "").await;
    assert_eq!(answer.data()["method"], "GET");
}

#[tokio::test]
async fn verbs() {
    let server = server().await;
    let answer = send(&server, "GET", "/v2/put_only", &[], "").await;
    assert_eq!(answer.refusal().0, 405);
    assert_eq!(answer.header("allow"), Some("PUT"));
    for verb in ["TRACE", "CONNECT", "BREW"] {
        assert_eq!(
            send(&server, verb, "/v2/echo", &[], "").await.refusal().0,
            501,
            "{verb}"
        );
    }
    let whole = send(&server, "GET", "/v2/echo", &[("x-request-id", "1")], "").await;
    let head = send(&server, "HEAD", "/v2/echo", &[("x-request-id", "1")], "").await;
    assert_eq!((head.status, head.text.as_str()), (whole.status, ""));
    assert_eq!(head.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn other_origins() {
    let server = server().await;
    let origin = ("origin", "https://ui.example");
    let ask = ("access-control-request-method", "PUT");
    for headers in [&[origin, ask][..], &[]] {
        let answer = send(&server, "OPTIONS", "/v1/put_only/", headers, "").await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
        let allowed = answer.header("access-control-allow-methods");
        assert_eq!(allowed, (!headers.is_empty()).then_some("OPTIONS, PUT"));
    }
    let answer = send(&server, "OPTIONS", "/v2/nothing", &[origin], "").await;
    assert_eq!(answer.refusal().0, 404);
    // Errors too, or scripts can't read them.
    for path in ["/v2/echo", "/v2/nothing", "/v2/echo?a=%FF"] {
        let answer = send(&server, "GET", path, &[origin], "").await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("*"),
            "{path}"
        );
        assert_eq!(answer.header("access-control-max-age"), Some("86400"));
        let headers = answer.header("access-control-allow-headers").unwrap();
        for name in [
            "content-type",
            "x-auth-token",
            "authorization",
            "x-pretty-print",
            "if-match",
        ] {
            assert!(headers.split(", ").any(|header| header == name), "{name}");
        }
    }
    let answer = send(&server, "GET", "/v2/echo", &[], "").await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn request_ids() {
    let server = server().await;
    for id in ["abc-1", &"x".repeat(128)] {
        let answer = send(&server, "GET", "/v2/nothing", &[("x-request-id", id)], "").await;
        assert_eq!(answer.header("x-request-id"), Some(id));
        assert_eq!(answer.body["request_id"], id);
    }
    for id in ["", "a b", "\u{fc}", &"x".repeat(129)] {
        let answer = send(&server, "GET", "/v2/echo", &[("x-request-id", id)], "").await;
        let made = answer.header("x-request-id").unwrap();
        assert!(
            made.len() == 32 && made.bytes().all(|b| b.is_ascii_hexdigit()),
            "{made}"
        );
        assert_eq!(answer.body["request_id"], made);
    }
}

#[tokio::test]
async fn pretty_print_and_jsonp() {
    let server = server().await;
    for (path, headers) in [
        ("/v2/echo?pretty_print=true", &[][..]),
        ("/v2/echo", &[("x-pretty-print", "true")]),
    ] {
        let answer = send(&server, "GET", path, headers, "").await;
        assert!(answer.text.starts_with("{\n  \""), "{}", answer.text);
        assert_eq!(answer.body["status"], "success");
    }
    let answer = send(&server, "GET", "/v2/echo?jsonp=my.cb", &[], "").await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/javascript")
    );
    let json = answer
        .text
        .strip_prefix("my.cb(")
        .and_then(|text| text.strip_suffix(");"))
        .unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(json).unwrap()["status"],
        "success"
    );
    let answer = send(&server, "GET", "/v2/echo?jsonp=alert(1)", &[], "").await;
    assert_eq!(answer.refusal().1, "parse_error");
}

#[tokio::test]
async fn media_types() {
    let server = server().await;
    for (path, accept, status) in [
        ("/v2/echo", "application/json", 200),
        ("/v2/echo", "*/*", 200),
        ("/v2/echo", "text/html, */*;q=0.1", 200),
        ("/v2/echo", "application/pdf", 406),
        // Not a listing.
        ("/v2/echo", "text/csv", 406),
        ("/v2/echo?accept=application/json", "application/pdf", 200),
        ("/v2/echo?accept=image/png", "*/*", 406),
    ] {
        let answer = send(&server, "GET", path, &[("accept", accept)], "").await;
        assert_eq!(answer.status, status, "{path} {accept}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    let answer = send(&server, "PUT", "/v2/echo", &[("accept", "text/csv")], "").await;
    assert_eq!(answer.refusal().0, 406);
}

#[tokio::test]
async fn dialects_by_header() {
    let server = server().await;
    for dialect in ["2016", "4.3"] {
        let header = ("x-numberd-dialect", dialect);
        let answer = send(&server, "GET", "/v2/echo", &[header], "").await;
        assert_eq!(answer.data()["dialect"], dialect);
    }
    let answer = send(
        &server,
        "GET",
        "/v2/echo",
        &[("x-numberd-dialect", "5")],
        "",
    )
    .await;
    assert_eq!(answer.refusal().0, 400);
    assert!(answer.text.contains("2016 and 4.3"), "{}", answer.text);
}

#[tokio::test]
async fn a_panic_is_the_fault_of_one_request() {
    let server = server().await;
    for verb in ["GET", "PUT"] {
        let answer = send(&server, verb, "/v2/panics", &[], "").await;
        let data = json!({"message": "unspecified fault"});
        assert_eq!(
            answer.refusal(),
            (500, "unspecified_fault", &data),
            "{verb}"
        );
    }
    assert_eq!(send(&server, "GET", "/v2/echo", &[], "").await.status, 200);
}

/// Which error wins (spec/http.md 1.1).
#[tokio::test]
async fn the_order_of_decisions() {
    let server = Harness::with(Settings::default(), settings()).await;
    let foreign = server.master.numbers("/+14155550001");
    let unknown = "/v2/accounts/0123456789abcdef0123456789abcdef/phone_numbers";
    let token = Some(server.stranger.token.as_str());
    let csv = ("accept", "application/pdf");
    let nowhere = server.master.url("/nothing");
    let with_token = [("x-auth-token", server.stranger.token.as_str()), csv];
    // Body before route, route before account, account before token, token
    // before rights, rights before media types.
    assert_eq!(
        send(&server, "PUT", &nowhere, &[JSON], "{").await.status,
        400
    );
    assert_eq!(
        server
            .call("GET", "/v2/accounts/short/nothing", None, None)
            .await
            .status,
        404
    );
    assert_eq!(server.call("POST", unknown, None, None).await.status, 405);
    assert_eq!(
        server.call("GET", unknown, None, None).await.refusal().1,
        "bad_identifier"
    );
    let short = server
        .call("GET", "/v2/accounts/short/phone_numbers", None, None)
        .await;
    let data = json!({"message": "invalid account_id 'short'"});
    assert_eq!(short.refusal(), (404, "bad identifier", &data));
    assert_eq!(
        server.call("GET", &foreign, None, None).await.refusal().0,
        401
    );
    assert_eq!(
        server
            .call("GET", &foreign, Some("x.y.z"), None)
            .await
            .refusal()
            .0,
        401
    );
    assert_eq!(
        send(&server, "GET", &foreign, &[csv], "").await.refusal().0,
        401
    );
    assert_eq!(
        send(&server, "GET", &foreign, &with_token, "")
            .await
            .refusal()
            .0,
        403
    );
    let own = server.stranger.numbers("/+14155550001");
    assert_eq!(
        send(&server, "GET", &own, &with_token, "")
            .await
            .refusal()
            .0,
        406
    );
    assert_eq!(server.call("GET", &own, token, None).await.refusal().0, 404);
}

#[tokio::test]
async fn tokens_are_found_where_clients_put_them() {
    let server = Harness::with(Settings::default(), settings()).await;
    let path = server.child.numbers("");
    let token = &server.child.token;
    let bearer = format!("Bearer {token}");
    for headers in [
        [("x-auth-token", token.as_str())].as_slice(),
        &[("authorization", bearer.as_str())],
        &[("x-auth-token", token), ("authorization", "Basic eDp5")],
        &[("x-auth-token", ""), ("authorization", &bearer)],
        &[
            ("x-auth-token", token),
            ("x-auth-account-id", server.child.id()),
        ],
    ] {
        assert_eq!(
            send(&server, "GET", &path, headers, "").await.status,
            200,
            "{headers:?}"
        );
    }
    for headers in [
        [("authorization", "Basic eDp5")].as_slice(),
        &[("authorization", token)].map(|_| ("authorization", "Digest x")),
        &[("x-auth-token", "x"), ("authorization", &bearer)],
        &[
            ("x-auth-token", token),
            ("x-auth-account-id", server.master.id()),
        ],
    ] {
        assert_eq!(
            send(&server, "GET", &path, headers, "").await.refusal().0,
            401,
            "{headers:?}"
        );
    }
    let by_query = server
        .call("GET", &format!("{path}?auth_token={token}"), None, None)
        .await;
    assert_eq!(by_query.status, 200);
    assert_eq!(by_query.body["auth_token"], token.as_str());
    let body = json!({"data": {}, "auth_token": token});
    assert_eq!(
        server.call("GET", &path, None, Some(body)).await.status,
        200
    );
    let bogus = server.call("GET", &path, Some("bogus"), None).await;
    assert_eq!(bogus.body["auth_token"], "bogus");
}

#[tokio::test]
async fn accounts_see_down_and_nowhere_else() {
    let server = Harness::with(Settings::default(), settings()).await;
    let holders = [
        &server.master,
        &server.reseller,
        &server.child,
        &server.stranger,
    ];
    let allowed = [
        [true, true, true, true],
        [false, true, true, false],
        [false, false, true, false],
        [false, false, false, true],
    ];
    for (caller, row) in holders.into_iter().zip(allowed) {
        for (target, allowed) in holders.into_iter().zip(row) {
            let answer = server.get(caller, &target.numbers("")).await;
            let (from, to) = (&caller.account.name, &target.account.name);
            assert_eq!(
                answer.status,
                if allowed { 200 } else { 403 },
                "{from} → {to}"
            );
        }
    }
    let own = server
        .get(&server.child, "/v2/account/phone_numbers/")
        .await;
    assert_eq!(own.status, 200, "{}", own.text);
    let nobody = server
        .call("GET", "/v2/account/phone_numbers", None, None)
        .await;
    assert_eq!(nobody.refusal(), (401, "invalid credentials", &json!({})));
}

/// An expired token ends a request before its route is known, except where
/// clients log in anew (spec/http.md 1.1, step 4).
#[tokio::test]
async fn expired_tokens() {
    let mut engine = Settings::default();
    engine.auth.token_auth_expiry_s = 0;
    let server = Harness::with(engine, settings()).await;
    for path in [server.child.numbers(""), "/v2/nothing".to_owned()] {
        let answer = server.get(&server.child, &path).await;
        assert_eq!(
            answer.refusal(),
            (401, "invalid credentials", &json!({})),
            "{path}"
        );
    }
    let login = server
        .write("PUT", &server.child, "/v2/user_auth", json!({}))
        .await;
    assert_eq!(login.refusal().0, 400, "{}", login.text);
}
