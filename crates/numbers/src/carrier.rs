//! Names of carriers and what each name implies for a number
//! (spec/numbers.md 10, spec/integrations.md 1.1 and 3).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A carrier module's name without Kazoo's `knm_` prefix: `local`,
/// `inventory`, `bandwidth2`, … Names that numberd doesn't know are kept, since
/// records made elsewhere carry them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct CarrierName(Box<str>);

/// Every carrier name that a client may use, in the order in which
/// `carriers_info` lists them (spec/http.md 7.5): Kazoo's first, then ours.
pub const KNOWN: [&str; 25] = [
    "bandwidth2",
    "bandwidth",
    "inum",
    "local",
    "inventory",
    "managed",
    "mdn",
    "other",
    "simwood",
    "telnyx",
    "vitelity",
    "voip_innovations",
    "voxbone",
    "didww",
    "flowroute",
    "inteliquent",
    "it_vocal",
    "level3",
    "o1",
    "peerless",
    "thinq",
    "verizon",
    "windstream",
    "ziron",
    "twilio",
];

impl CarrierName {
    /// The name, whichever of Kazoo's spellings it came in: `knm_local`,
    /// `wnm_local`, `local`; an empty or `undefined` one means `local`, and
    /// `bandwidth`, the old interface of that vendor, means `bandwidth2`
    /// (spec/life.md 1.1).
    ///
    /// ```
    /// use numbers::carrier::CarrierName;
    /// assert_eq!(CarrierName::new("knm_telnyx").as_str(), "telnyx");
    /// assert_eq!(CarrierName::new("").as_str(), "local");
    /// assert_eq!(CarrierName::new("wnm_bandwidth").as_str(), "bandwidth2");
    /// ```
    pub fn new(name: &str) -> Self {
        let bare = name
            .strip_prefix("knm_")
            .or_else(|| name.strip_prefix("wnm_"))
            .unwrap_or(name);
        Self(match bare {
            "" | "undefined" => "local".into(),
            // Everywhere, or a record would be read back as another carrier's
            // than the one it was written for.
            "bandwidth" => "bandwidth2".into(),
            other => other.into(),
        })
    }

    /// The carrier of numbers that are simply ours.
    pub fn local() -> Self {
        Self("local".into())
    }

    /// The name without prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as stored documents spell it: `knm_local`.
    pub fn module(&self) -> String {
        format!("knm_{}", self.0)
    }

    /// Whether numberd knows this name.
    pub fn is_known(&self) -> bool {
        matches!(self.as_str(), "reserved" | "reserved_reseller") || KNOWN.contains(&self.as_str())
    }

    /// Whether its numbers carry the `local` feature and disappear when the
    /// last owner lets them go.
    pub fn is_local(&self) -> bool {
        matches!(self.as_str(), "local" | "mdn")
    }

    /// Whether it marks mobile numbers, which HTTP callers may not move.
    pub fn is_mdn(&self) -> bool {
        self.as_str() == "mdn"
    }

    /// Whether its numbers count for billing (spec/life.md 4). Names that
    /// numberd doesn't know count.
    pub fn is_billable(&self) -> bool {
        !matches!(self.as_str(), "local" | "inventory" | "mdn" | "inum")
    }

    /// Whether its available numbers are made for one account's use
    /// (spec/numbers.md 10, `managed` and `inum`).
    pub fn is_pooled(&self) -> bool {
        matches!(self.as_str(), "managed" | "inum")
    }
}

impl From<String> for CarrierName {
    fn from(name: String) -> Self {
        Self::new(&name)
    }
}

impl From<CarrierName> for String {
    fn from(name: CarrierName) -> Self {
        name.0.into()
    }
}

impl fmt::Display for CarrierName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
