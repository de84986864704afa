//! Who is called.

use std::fmt;
use std::sync::Arc;

/// What somebody outside does for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Sells numbers.
    Carrier,
    /// Acts for numbers that are ours: emergency addresses, caller names.
    Provider,
    /// Wants to be told what happens: a webhook.
    Receiver,
}

/// Somebody outside, as the configuration names him.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Service {
    kind: Kind,
    name: Arc<str>,
}

impl Service {
    /// `[carriers.NAME]`.
    pub fn carrier(name: &str) -> Self {
        Self {
            kind: Kind::Carrier,
            name: name.into(),
        }
    }

    /// `[providers.NAME]`.
    pub fn provider(name: &str) -> Self {
        Self {
            kind: Kind::Provider,
            name: name.into(),
        }
    }

    /// `[webhooks]`: all who want to be told, each at a place of his own.
    pub fn receivers() -> Self {
        Self {
            kind: Kind::Receiver,
            name: "webhooks".into(),
        }
    }

    /// What it does for us.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is configured: `carriers.telnyx`.
    pub fn section(&self) -> String {
        let table = match self.kind {
            Kind::Carrier => "carriers",
            Kind::Provider => "providers",
            Kind::Receiver => return self.name.to_string(),
        };
        format!("{table}.{}", self.name)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
