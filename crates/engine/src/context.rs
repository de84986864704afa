//! Who asks, when, in answer to which request: passed first everywhere.

use std::sync::Arc;

use numbers::account::Account;
use numbers::event::Origin;
use numbers::gregorian::GregorianSeconds;
use store::{EventId, User};

/// On whose behalf something is done.
#[derive(Clone, Debug)]
pub enum Caller {
    /// The installation itself: jobs, commands on the machine. May do everything.
    System,
    /// The account of a token; numbers know it as "auth by".
    Account {
        /// The account.
        account: Arc<Account>,
        /// The user who logged in; none for API keys.
        user: Option<Arc<User>>,
    },
}

/// The surroundings of one request or one job.
#[derive(Clone, Debug)]
pub struct Context {
    /// Who asks.
    pub caller: Caller,
    /// Names the request in events and logs.
    pub request_id: String,
    /// The time at which the request began; everything it writes carries it.
    pub now: GregorianSeconds,
    /// The id of what the request makes, where it may be carried out again: then
    /// it finds what it made before.
    pub making: Option<String>,
}

impl Context {
    /// A context for `caller`, now.
    pub fn new(caller: Caller, request_id: impl Into<String>) -> Self {
        Self {
            caller,
            request_id: request_id.into(),
            now: now(),
            making: None,
        }
    }

    /// The id of what this request makes.
    pub(crate) fn id_to_make(&self) -> String {
        self.making.clone().unwrap_or_else(new_id)
    }

    /// A context for the installation's own work.
    pub fn system(what: &str) -> Self {
        Self::new(Caller::System, format!("{what}-{}", new_id()))
    }

    /// The caller's account; `None` for the system.
    pub fn account(&self) -> Option<&Account> {
        match &self.caller {
            Caller::System => None,
            Caller::Account { account, .. } => Some(account),
        }
    }

    /// Whether the caller may do everything.
    pub fn is_admin(&self) -> bool {
        self.account().is_none_or(Account::is_admin)
    }

    /// What events say of this request.
    pub fn origin(&self) -> Origin {
        let user = match &self.caller {
            Caller::Account {
                user: Some(user), ..
            } => Some(user.id.0.clone()),
            _ => None,
        };
        Origin {
            account: self.account().map(|account| account.id.clone()),
            user,
            request_id: self.request_id.clone(),
            at: self.now,
        }
    }
}

/// The present time.
pub fn now() -> GregorianSeconds {
    let seconds = jiff::Timestamp::now().as_second();
    GregorianSeconds::from_unix(u64::try_from(seconds).unwrap_or(0))
}

/// A new random id: 32 lowercase hex digits, as accounts, users and requests
/// have them. From the thread's generator, which is cryptographic and needs no
/// system call for each.
pub fn new_id() -> String {
    let random = uuid::Builder::from_random_bytes(rand::random());
    let mut digits = uuid::Uuid::encode_buffer();
    let uuid = random.into_uuid().simple();
    uuid.encode_lower(&mut digits).to_owned()
}

/// A new id for an event: sorts by time.
pub fn new_event_id() -> EventId {
    EventId(uuid::Uuid::now_v7().simple().to_string())
}
