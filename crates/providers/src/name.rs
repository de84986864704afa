//! Names of providers.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A provider's name in configuration, records and bills, without Kazoo's
/// `knm_` prefix: `dash_e911`, `telnyx_cnam`, … Names that numberd doesn't know
/// are kept, since records made elsewhere carry them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ProviderName(Arc<str>);

/// Every provider that can be configured: emergency addresses first, then
/// caller names.
pub const KNOWN: [&str; 8] = [
    "dash_e911",
    "telnyx_e911",
    "vitelity_e911",
    "twilio_e911",
    "bandwidth_e911",
    "cnam_notifier",
    "telnyx_cnam",
    "vitelity_cnam",
];

impl ProviderName {
    /// The name, whichever of Kazoo's spellings it came in.
    ///
    /// ```
    /// use providers::ProviderName;
    /// assert_eq!(ProviderName::new("knm_dash_e911").as_str(), "dash_e911");
    /// assert_eq!(ProviderName::new("telnyx_e911").as_str(), "telnyx_e911");
    /// ```
    pub fn new(name: &str) -> Self {
        let bare = name
            .strip_prefix("knm_")
            .or_else(|| name.strip_prefix("wnm_"))
            .unwrap_or(name);
        Self(bare.into())
    }

    /// The name without prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for ProviderName {
    fn from(name: String) -> Self {
        Self::new(&name)
    }
}

impl From<ProviderName> for String {
    fn from(name: ProviderName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
