//! A vendor that says back what it was sent, with every secret in it.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use outside::xml::escaped;
use simulators::Wire;

/// One that looks different in every form.
pub const SECRET: &str = r#"p&ss w"rd</+=%41"#;

/// Every answer is an error page that shows the request, first what says who asks.
pub const ECHO: Wire = Wire {
    routes: |_| {
        Router::new().fallback(|uri: Uri, headers: HeaderMap, body: String| async move {
            let said = headers.get("authorization");
            let said = said.map_or("", |said| said.to_str().unwrap_or_default());
            let [said, uri, body] = [said, &uri.to_string(), &body].map(escaped);
            let page = format!("<p>can't do it: {said} {uri} {body}</p>");
            (StatusCode::BAD_REQUEST, page)
        })
    },
    spends: |_, _, _| false,
};

#[track_caller]
pub fn assert_no_secret(told: &str) {
    let form: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let percent = form.replace('+', "%20");
    for said in [SECRET, &form, &percent, &escaped(SECRET)] {
        assert!(!told.contains(said), "{said} in {told}");
    }
    let schemes = ["Basic ", "Bearer "].into_iter();
    for (_, said) in schemes.filter_map(|scheme| told.split_once(scheme)) {
        assert!(said.starts_with("***"), "{told}");
    }
}
