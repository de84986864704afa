//! Taking secrets out of text that others say back, in whichever form they do:
//! error pages show the request as it was sent, escaped for the page.

/// What stands in a secret's place.
const MASK: &[u8] = b"***";

/// A shorter one may be part of what the service really says.
const SHORTEST: usize = 8;

/// What must not be seen.
#[derive(Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    pub(super) fn new(secrets: &[&str]) -> Self {
        let mut secrets: Vec<String> = secrets
            .iter()
            .filter(|secret| !secret.is_empty())
            .map(|secret| (*secret).to_owned())
            .collect();
        // One may be the beginning of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// What a service said, without those that are long enough to be sure of,
    /// and without the credentials that it was sent, `user:secret` in base64.
    pub(super) fn out_of_answer(&self, body: Vec<u8>, credentials: Option<&str>) -> Vec<u8> {
        let secrets = self.0.iter().map(String::as_str).chain(credentials);
        without(body, secrets.filter(|secret| secret.len() >= SHORTEST))
    }

    /// Text for the log, without any of them.
    pub(super) fn out_of_log(&self, text: Vec<u8>) -> Vec<u8> {
        without(text, self.0.iter().map(String::as_str))
    }
}

fn without<'s>(text: Vec<u8>, secrets: impl Iterator<Item = &'s str>) -> Vec<u8> {
    secrets.fold(text, |text, secret| {
        masked(&text, secret.as_bytes()).unwrap_or(text)
    })
}

/// The text with each appearance of the secret masked; `None` when there is none.
fn masked(text: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
    let first = *secret.first()?;
    let mut clean: Option<Vec<u8>> = None;
    let (mut at, mut kept) = (0, 0);
    while at < text.len() {
        let here = &text[at..];
        let may_begin = here[0] == first || matches!(here[0], b'%' | b'&' | b'\\' | b'+');
        match may_begin.then(|| length(here, secret)).flatten() {
            Some(length) => {
                let clean = clean.get_or_insert_default();
                clean.extend_from_slice(&text[kept..at]);
                clean.extend_from_slice(MASK);
                at += length;
                kept = at;
            }
            None => at += 1,
        }
    }
    let mut clean = clean?;
    clean.extend_from_slice(&text[kept..]);
    Some(clean)
}

/// How much of the text is the secret, if it begins with it: as it is, or with
/// any of its bytes percent-encoded or escaped for XML or JSON.
fn length(text: &[u8], secret: &[u8]) -> Option<usize> {
    if text.starts_with(secret) {
        return Some(secret.len());
    }
    let mut rest = text;
    for byte in secret {
        let taken = match escaped(rest) {
            Some((meant, length)) if meant == *byte => length,
            _ if rest.first() == Some(byte) => 1,
            _ if rest.first() == Some(&b'+') && *byte == b' ' => 1,
            _ => return None,
        };
        rest = &rest[taken..];
    }
    Some(text.len() - rest.len())
}

/// The byte that an escape at the beginning of the text means, and its length.
fn escaped(text: &[u8]) -> Option<(u8, usize)> {
    /// Zeros may stand before what an escape means.
    const LONGEST: usize = 12;
    let hex = |digits: &[u8]| {
        let digits = std::str::from_utf8(digits).ok()?;
        u8::from_str_radix(digits, 16).ok()
    };
    match text {
        [b'%', high, low, ..] => Some((hex(&[*high, *low])?, 3)),
        [b'\\', b'u', b'0', b'0', high, low, ..] => Some((hex(&[*high, *low])?, 6)),
        [b'\\', byte @ (b'"' | b'\\' | b'/'), ..] => Some((*byte, 2)),
        [b'&', name @ ..] => {
            let length = name.iter().take(LONGEST).position(|byte| *byte == b';')?;
            let byte = match &name[..length] {
                b"amp" => b'&',
                b"lt" => b'<',
                b"gt" => b'>',
                b"quot" => b'"',
                b"apos" => b'\'',
                [b'#', b'x' | b'X', digits @ ..] => hex(digits)?,
                [b'#', digits @ ..] => std::str::from_utf8(digits).ok()?.parse().ok()?,
                _ => return None,
            };
            Some((byte, length + 2))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const SECRET: &str = r#"p&<s>"w"'d/+ \%2b=~"#;

    fn said(text: &str, credentials: Option<&str>) -> String {
        let clean = Secrets::new(&[SECRET]).out_of_answer(text.into(), credentials);
        String::from_utf8(clean).unwrap()
    }

    #[test]
    fn a_secret_in_any_form_is_masked() {
        let form: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        let percent = form.replace('+', "%20");
        let every: Vec<String> = SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let every = every.concat();
        let xml = SECRET
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let attribute = xml.replace('"', "&quot;").replace('\'', "&apos;");
        let page = xml
            .replace('"', "&#34;")
            .replace('\'', "&#x27;")
            .replace('/', "&#X0002f;");
        let json = serde_json::to_string(SECRET).unwrap();
        let json = json[1..json.len() - 1].to_owned();
        let careful = json
            .replace('&', r"\u0026")
            .replace('<', r"\u003C")
            .replace('/', r"\/");
        let twice = form.to_lowercase();
        for form in [
            SECRET, &form, &percent, &every, &xml, &attribute, &page, &json, &careful, &twice,
        ] {
            let text = format!("wrong: {form}, {form}{form}. & 100%");
            assert_eq!(said(&text, None), "wrong: ***, ******. & 100%", "{form}");
        }
    }

    #[test]
    fn what_was_sent_as_credentials_is_masked() {
        let pair = STANDARD.encode(format!("users:{SECRET}"));
        assert!(pair.contains('='), "{pair}");
        for form in [
            pair.clone(),
            pair.replace('=', "%3D"),
            pair.replace('+', "&#43;"),
        ] {
            let text = format!("Authorization: Basic {form}");
            assert_eq!(said(&text, Some(&pair)), "Authorization: Basic ***");
        }
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for text in [
            "", "%", "%2", "%zz", "&", "&amp", "&#;", "&#x;", "&#999;", "\\", "\\u00", "p&<s>",
        ] {
            assert_eq!(said(text, None), text);
        }
        // Bytes that are no text too.
        let secrets = Secrets::new(&["password", "password and more", "short"]);
        let body = b"\xff password and more short \xfe password".to_vec();
        let clean = secrets.out_of_answer(body.clone(), Some("abc"));
        assert_eq!(clean, b"\xff *** short \xfe ***");
        assert_eq!(secrets.out_of_log(body), b"\xff *** *** \xfe ***");
    }
}
