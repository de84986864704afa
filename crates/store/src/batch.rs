//! What a write says: what must hold, and what to do if it does.

use numbers::account::{Account, AccountId};
use numbers::e164::E164;
use numbers::event::{Action, Origin};
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use numbers::revision::Revision;

use crate::{DataSet, DataSetId, Document, DocumentKind, EventId, User, UserId};

/// Expectations and operations that hold together or not at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// What must be true when the operations begin.
    pub expectations: Vec<Expectation>,
    /// What to do, in order.
    pub operations: Vec<Operation>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an expectation.
    #[must_use]
    pub fn expect(mut self, expectation: Expectation) -> Self {
        self.expectations.push(expectation);
        self
    }

    /// Adds an operation.
    #[must_use]
    pub fn then(mut self, operation: Operation) -> Self {
        self.operations.push(operation);
        self
    }

    /// This batch and another one, together or not at all.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        let expecting = other.expectations.into_iter().fold(self, Self::expect);
        other.operations.into_iter().fold(expecting, Self::then)
    }

    /// The batch of one number's change: the record must still be as it was
    /// read.
    pub fn change_number(change: NumberChange) -> Self {
        let key = change.key().clone();
        let revision = change.before.as_ref().map(|number| number.revision);
        Self::new()
            .expect(Expectation::Number { key, revision })
            .then(Operation::ChangeNumber(Box::new(change)))
    }
}

/// Something that must be true, or nothing is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// The number has this revision; `None`: there is no such number.
    Number {
        /// Which.
        key: E164,
        /// Its revision.
        revision: Option<Revision>,
    },
    /// The account has this revision; `None`: there is no such account.
    Account {
        /// Which.
        id: AccountId,
        /// Its revision.
        revision: Option<Revision>,
    },
    /// The account is there, whatever its revision.
    AccountExists {
        /// Which.
        id: AccountId,
    },
    /// No account has this one in its tree, and no number is assigned to it.
    AccountUnused {
        /// Which.
        id: AccountId,
    },
    /// The user has this revision; `None`: there is no such user.
    User {
        /// Its account.
        account: AccountId,
        /// Which.
        id: UserId,
        /// Its revision.
        revision: Option<Revision>,
    },
    /// The name is held by this holder; `None`: it is free.
    Claim {
        /// Which name.
        claim: Claim,
        /// Its holder.
        holder: Option<String>,
    },
    /// The document has this revision; `None`: there is no such document.
    Document {
        /// Of which kind.
        kind: DocumentKind,
        /// Which.
        id: String,
        /// Its revision.
        revision: Option<Revision>,
    },
    /// The setting has this value; `None`: it isn't set.
    Setting {
        /// Which.
        key: String,
        /// Its value.
        value: Option<String>,
    },
}

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Writes or removes a number, with its event.
    ChangeNumber(Box<NumberChange>),
    /// Writes an account; the revision stored is [`Account::revision`].
    PutAccount(Box<Account>),
    /// Removes an account and its users.
    DeleteAccount(AccountId),
    /// Writes a user; the revision stored is [`User::revision`].
    PutUser(Box<User>),
    /// Removes a user.
    DeleteUser(AccountId, UserId),
    /// Gives a unique name to a holder.
    Claim(Claim, String),
    /// Frees a unique name.
    Unclaim(Claim),
    /// Sets a setting.
    Set(String, String),
    /// Writes a document; the revision stored is [`Document::revision`].
    PutDocument(Box<Document>),
    /// Removes a document.
    DeleteDocument(DocumentKind, String),
    /// Removes documents that had expired at this time, some of them if they
    /// are many.
    DropExpired(GregorianSeconds),
    /// Writes what is said of a data set.
    PutDataSet(Box<DataSet>),
    /// Writes a part of a data set, which may come before or after the set.
    PutDataPart(DataSetId, u32, String),
    /// Removes a data set and its parts.
    DeleteDataSet(DataSetId),
}

/// A change of one number and the event that tells of it; neither is ever
/// written without the other.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberChange {
    /// The record as it was read; `None` when there was none.
    pub before: Option<Number>,
    /// The record as it shall be, [`Number::revision`] included; `None`: gone.
    pub after: Option<Number>,
    /// The event's id: sorts by time.
    pub event: EventId,
    /// What was done.
    pub action: Action,
    /// Who, when, in answer to which request.
    pub origin: Origin,
    /// More to know: "release by hand at the carrier", ….
    pub note: Option<String>,
}

impl NumberChange {
    /// The number's key.
    ///
    /// # Panics
    /// A change from nothing to nothing is no change; making one is a bug.
    pub fn key(&self) -> &E164 {
        let number = self.after.as_ref().or(self.before.as_ref());
        &number.expect("a change has a number before or after").id
    }
}

/// A name that only one may hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Unique among what.
    pub kind: ClaimKind,
    /// The name in its unique form.
    pub name: String,
}

/// The kinds of unique names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClaimKind {
    /// An account's name, normalized; the holder is the account's id.
    AccountName,
    /// An account's realm; the holder is the account's id.
    AccountRealm,
    /// `account id/username`; the holder is the user's id.
    Username,
    /// SHA-256 of an API key, hex; the holder is the account's id.
    ApiKey,
}

impl ClaimKind {
    /// The kind in stored form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountName => "account_name",
            Self::AccountRealm => "account_realm",
            Self::Username => "username",
            Self::ApiKey => "api_key",
        }
    }
}
