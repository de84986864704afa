//! Answers that are meant to hurt, or that say our secrets back: an error
//! within bounds, whoever gives them.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, Uri};
use futures::stream;
use outside::xml::escaped;
use serde_json::json;
use simulators::Wire;

use crate::world::{Kind, World};

/// A vendor that answers everything in one way.
const fn wire(routes: fn(std::sync::Arc<simulators::Vendor>) -> Router) -> Wire {
    Wire {
        routes,
        spends: |_, _, _| false,
    }
}

fn always(text: String) -> Router {
    Router::new().fallback(|| async move { text })
}

/// Ten to the ninth letters, if somebody took them at their word.
fn entities() -> String {
    let mut text = "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY e0 \"aaaaaaaaaa\">".to_owned();
    for level in 1..9 {
        let inner = format!("&e{};", level - 1).repeat(10);
        text.extend([format!("<!ENTITY e{level} \"{inner}\">")]);
    }
    text + "]><a>&e8;</a>"
}

const FILE: &str =
    "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><a>&f;</a>";

/// 100 MB in one element.
fn huge() -> Body {
    let piece = Bytes::from(vec![b'a'; 1 << 20]);
    let pieces = std::iter::once(Bytes::from_static(b"<a>")).chain(std::iter::repeat_n(piece, 100));
    Body::from_stream(stream::iter(pieces.map(Ok::<_, std::io::Error>)))
}

pub async fn answers(kind: Kind) {
    for (what, wire) in [
        ("entities", wire(|_| always(entities()))),
        ("a file", wire(|_| always(FILE.to_owned()))),
        ("deep XML", wire(|_| always("<a>".repeat(100_000)))),
        ("deep JSON", wire(|_| always("[".repeat(100_000)))),
        (
            "100 MB",
            wire(|_| Router::new().fallback(|| async { huge() })),
        ),
    ] {
        let world = World::new(Kind { wire, ..kind }).await;
        let error = world.find(1).await.expect_err(what);
        assert!(error.reason.len() < 500, "{what}: {error}");
        assert!(!error.reason.contains("root:"), "{what}: {error}");
        if what == "100 MB" {
            assert!(error.reason.contains("longer than"), "{error}");
        }
    }
}

/// Every answer is an error page that shows the request, first what says who asks.
const ECHO: Wire = wire(|_| {
    Router::new().fallback(|uri: Uri, headers: HeaderMap, body: String| async move {
        let said = headers
            .get("authorization")
            .map_or("", |said| said.to_str().unwrap_or_default());
        let page = format!(
            "<p>can't do it: {} {} {}</p>",
            escaped(said),
            escaped(&uri.to_string()),
            escaped(&body)
        );
        (StatusCode::BAD_REQUEST, page)
    })
});

pub async fn secrets(kind: Kind) {
    let secret = r#"p&ss w"rd</+=%41"#;
    let world = World::with(Kind { wire: ECHO, ..kind }, json!({ kind.secret: secret })).await;
    let told = world.find(1).await.expect_err("a refusal").to_string();
    let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    for said in [
        secret,
        &form,
        &form.replace('+', "%20"),
        &escaped(secret),
        &escaped(&form),
    ] {
        assert!(!told.contains(said), "{said} in {told}");
    }
    // The page's beginning, with who asks by HTTP Basic or a token.
    for (_, rest) in ["Basic ", "Bearer "]
        .iter()
        .filter_map(|scheme| told.split_once(scheme))
    {
        assert!(rest.starts_with("***"), "{told}");
    }
}
