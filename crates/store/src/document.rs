//! Documents of the engine's own work: orders, running searches, offers, leases. The
//! store keeps them under a key, lists them, and says which are due; it doesn't
//! look into them.

use numbers::account::AccountId;
use numbers::gregorian::GregorianSeconds;
use numbers::revision::Revision;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    /// An order to a carrier, or a release.
    Order,
    /// What carriers answered to a search.
    Search,
    /// A number that a carrier offered to an account.
    Offer,
    /// What is wanted of a provider of emergency addresses for a number.
    Address,
    /// The same of a provider of caller names.
    CallerName,
    /// A call that may be repeated, with its answer.
    Idempotency,
    /// Somebody who is told of events.
    Webhook,
    /// An account's own credentials at a carrier, encrypted.
    Credentials,
    /// Work that one of many nodes does, until when.
    Lease,
}

impl DocumentKind {
    /// The kind in stored form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Search => "search",
            Self::Offer => "offer",
            Self::Address => "address",
            Self::CallerName => "caller_name",
            Self::Idempotency => "idempotency",
            Self::Webhook => "webhook",
            Self::Credentials => "credentials",
            Self::Lease => "lease",
        }
    }
}

/// One document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub kind: DocumentKind,
    /// Its key among those of its kind.
    pub id: String,
    /// Whose it is, where it is somebody's.
    pub account: Option<AccountId>,
    /// Counts the writes, for compare-and-set.
    pub revision: Revision,
    /// When somebody has to look after it; `None`: there is nothing to do.
    pub due: Option<GregorianSeconds>,
    /// When it is of no use any more; `None`: it is kept.
    pub expires: Option<GregorianSeconds>,
    /// What the engine keeps in it: JSON.
    pub body: String,
}
