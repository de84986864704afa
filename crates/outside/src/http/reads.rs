//! Which requests only look, told by what would leave and not by what the
//! vendor's file calls it.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Body, Method, Request};

/// Words of a service's interface that only look although they aren't a GET.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reads(pub &'static [&'static str]);

impl Reads {
    /// Whether a request changes nothing: a GET (RFC 9110 9.2.1), or one of the
    /// words.
    pub fn allow(self, request: &Request) -> bool {
        matches!(*request.method(), Method::GET | Method::HEAD)
            || asked(request).is_some_and(|word| self.0.contains(&word.as_str()))
    }
}

/// The word for what a request asks: the action of a SOAP envelope, the `cmd`
/// of a form, else the last segment of the path.
fn asked(request: &Request) -> Option<String> {
    if let Some(action) = request.headers().get("soapaction") {
        let action = action.to_str().ok()?;
        return action.rsplit('/').next().map(str::to_owned);
    }
    let content_type = request.headers().get(CONTENT_TYPE);
    if content_type.is_some_and(|kind| kind == "application/x-www-form-urlencoded") {
        let form = request.body().and_then(Body::as_bytes)?;
        let mut pairs = form_urlencoded::parse(form);
        let (_, command) = pairs.find(|(key, _)| key == "cmd")?;
        return Some(command.into_owned());
    }
    request
        .url()
        .path_segments()?
        .next_back()
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::*;

    fn request(method: Method, path: &str) -> Request {
        let url = Url::parse("https://vendor.example/api/").and_then(|base| base.join(path));
        Request::new(method, url.expect("a URL"))
    }

    fn form(body: &'static str) -> Request {
        let mut request = request(Method::POST, "");
        let kind = "application/x-www-form-urlencoded".parse();
        request
            .headers_mut()
            .insert(CONTENT_TYPE, kind.expect("a header"));
        *request.body_mut() = Some(body.into());
        request
    }

    fn soap(action: &str) -> Request {
        let mut request = request(Method::POST, "getDIDs");
        let action = action.parse().expect("a header");
        request.headers_mut().insert("soapaction", action);
        request
    }

    #[test]
    fn what_looks_is_told_by_what_would_leave() {
        let reads = Reads(&["status", "listdids", "getDIDs"]);
        for looks in [
            request(Method::GET, "numbers/US/order"),
            request(Method::POST, "numbers/US/status?x=order"),
            form("login=me&cmd=listdids&xml=yes"),
            soap("http://tempuri.org/getDIDs"),
        ] {
            assert!(reads.allow(&looks), "{looks:?}");
        }
        for spends in [
            request(Method::POST, "numbers/US/order?x=status"),
            request(Method::PUT, "numbers/US"),
            form("login=listdids&cmd=getdid"),
            form("login=listdids"),
            soap("http://tempuri.org/assignDID"),
        ] {
            assert!(!reads.allow(&spends), "{spends:?}");
        }
    }
}
