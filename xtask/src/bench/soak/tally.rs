//! What was answered, how often, and why that is right.

use std::collections::BTreeMap;

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    Read,
    List,
    Search,
    Create,
    Edit,
    Release,
    Buy,
    Repeat,
    HangUp,
    BadBody,
    BadToken,
    BadNumber,
    BadRoute,
    TooLarge,
}

impl Deed {
    /// What it is, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read a number",
            Self::List => "list a page of numbers",
            Self::Search => "search, our own stock and the carrier's",
            Self::Create => "create a number",
            Self::Edit => "change a number",
            Self::Release => "give a number back",
            Self::Buy => "buy a number from the carrier",
            Self::Repeat => "create, hang up, ask again under the same Idempotency-Key",
            Self::HangUp => "hang up in the middle of a request",
            Self::BadBody => "a body that is no JSON",
            Self::BadToken => "a token that is none",
            Self::BadNumber => "a number that doesn't exist",
            Self::BadRoute => "a path that doesn't exist",
            Self::TooLarge => "a body that is too large",
        }
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reply {
    /// A status, and what the answer calls the error.
    Answer(u16, String),
    /// None, though one was waited for.
    Silence { killed: bool },
    /// None was waited for.
    Left,
}

impl Reply {
    /// What it was, for people.
    pub fn name(&self) -> String {
        match self {
            Self::Answer(status, error) if error.is_empty() => status.to_string(),
            Self::Answer(status, error) => format!("{status} {error}"),
            Self::Silence { killed: true } => "no answer, killed".to_owned(),
            Self::Silence { killed: false } => "no answer".to_owned(),
            Self::Left => "not waited for".to_owned(),
        }
    }
}

/// Why that is right; `None`: it isn't.
pub fn explained(deed: Deed, result: &Reply) -> Option<&'static str> {
    let (status, error) = match result {
        Reply::Left => return Some("the client went away on purpose"),
        Reply::Silence { killed: true } => return Some("the server was killed meanwhile"),
        Reply::Silence { killed: false } => return None,
        Reply::Answer(status, error) => (*status, error.as_str()),
    };
    let right = Some("as it should be");
    match (deed, status) {
        (Deed::Read | Deed::List | Deed::Search | Deed::Edit | Deed::Release, 200)
        | (Deed::Create | Deed::Buy | Deed::Repeat, 201)
        | (Deed::BadBody | Deed::TooLarge, 400)
        | (Deed::BadToken, 401)
        | (Deed::BadNumber | Deed::BadRoute, 404) => right,
        (Deed::Repeat, 409) if error == "call_in_progress" => Some("the first call still runs"),
        (Deed::Buy, _) => bought(status, error),
        _ => None,
    }
}

/// Why a number wasn't bought.
fn bought(status: u16, error: &str) -> Option<&'static str> {
    match (status, error) {
        (403, "forbidden") => Some("another client has it by now"),
        (409, _) => Some("another client's order for it runs"),
        (500, "unspecified_fault") => Some("the carrier failed on command"),
        _ => None,
    }
}

/// Counts.
#[derive(Default)]
pub struct Tally {
    counts: BTreeMap<(Deed, Reply), u64>,
    /// An answer of each kind that nothing explains.
    samples: BTreeMap<(Deed, Reply), String>,
}

impl Tally {
    pub fn count(&mut self, deed: Deed, result: Reply, answer: &str) {
        let key = (deed, result);
        if explained(key.0, &key.1).is_none() {
            let shown: String = answer.chars().take(400).collect();
            self.samples.entry(key.clone()).or_insert(shown);
        }
        *self.counts.entry(key).or_default() += 1;
    }

    pub fn add(&mut self, other: Self) {
        for (key, count) in other.counts {
            *self.counts.entry(key).or_default() += count;
        }
        self.samples.extend(other.samples);
    }

    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    pub fn rows(&self) -> impl Iterator<Item = (&Deed, &Reply, u64)> {
        let counts = self.counts.iter();
        counts.map(|((deed, result), count)| (deed, result, *count))
    }

    pub fn unexplained(&self) -> Vec<String> {
        let samples = self.samples.iter();
        samples
            .map(|((deed, result), answer)| format!("{}: {}: {answer}", deed.name(), result.name()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_explains_is_told() {
        let mut tally = Tally::default();
        let answer = |status| Reply::Answer(status, String::new());
        tally.count(Deed::Read, answer(200), "");
        tally.count(Deed::HangUp, Reply::Left, "");
        tally.count(Deed::Read, Reply::Silence { killed: true }, "");
        assert!(tally.unexplained().is_empty());
        for wrong in [answer(500), answer(404), Reply::Silence { killed: false }] {
            tally.count(Deed::Read, wrong, "why");
        }
        assert_eq!(tally.unexplained().len(), 3);
        assert_eq!(tally.total(), 6);
    }
}
