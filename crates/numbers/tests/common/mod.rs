//! Accounts, numbers and questions that the tests of the domain share.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::sync::LazyLock;

use numbers::account::{Account, AccountId};
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use numbers::error::NumberError;
use numbers::feature::e911::AddressAnswer;
use numbers::feature::lists::OwnLists;
use numbers::gregorian::GregorianSeconds;
use numbers::life::Operation;
use numbers::number::Number;
use numbers::plan::{Command, Offered, Plan, Rules, Situation, decide};
use numbers::state::State;
use serde_json::{Map, Value};

/// When every stored number was made and changed last.
pub const BEFORE: GregorianSeconds = GregorianSeconds::new(63_800_000_000);
/// When every request begins.
pub const NOW: GregorianSeconds = GregorianSeconds::new(63_900_000_000);

/// How long numbers rest.
pub const REST_DAYS: u32 = 90;

/// The accounts, by one letter each:
/// `M` master; `R` a reseller below it who may add numbers; `C` a child of `R`;
/// `G` a child of `C`; `U` a stranger to `R`, `C` and `G`, below `M` too.
pub const LETTERS: [char; 5] = ['M', 'R', 'C', 'G', 'U'];

static ACCOUNTS: LazyLock<[Account; 5]> = LazyLock::new(|| {
    let tree = |letters: &str| letters.chars().map(id).collect::<Vec<_>>();
    let mut accounts = [("M", ""), ("R", "M"), ("C", "MR"), ("G", "MRC"), ("U", "M")]
        .map(|(name, above)| plain_account(name, tree(above)));
    accounts[0].superduper = true;
    accounts[1].allow_additions = true;
    accounts[1].is_reseller = true;
    accounts
});

fn plain_account(name: &str, tree: Vec<AccountId>) -> Account {
    Account {
        id: id(name.chars().next().expect("a letter")),
        revision: numbers::revision::Revision(1),
        name: name.to_owned(),
        realm: format!("{}.example.com", name.to_lowercase()),
        tree,
        enabled: true,
        superduper: false,
        allow_additions: false,
        is_reseller: false,
        created: BEFORE,
        modified: BEFORE,
        expires: None,
        number_manager: Map::new(),
        public: Map::new(),
    }
}

/// The id of the account with this letter.
pub fn id(letter: char) -> AccountId {
    let text = letter.to_ascii_lowercase().to_string().repeat(32);
    AccountId::parse(&text).expect("32 letters")
}

/// The account with this letter.
pub fn account(letter: char) -> &'static Account {
    let at = LETTERS.iter().position(|known| *known == letter);
    &ACCOUNTS[at.unwrap_or_else(|| panic!("no account {letter}"))]
}

/// The account with this id, unless it is gone.
pub fn by_id(id: &AccountId) -> Option<&'static Account> {
    ACCOUNTS.iter().find(|account| account.id == *id)
}

/// `M` above everybody, `R` above `C` above `G`: told apart from the `tree` of
/// the accounts, so that the two check each other.
pub fn is_over(above: char, below: char) -> bool {
    above == below || matches!((above, below), ('M', _) | ('R', 'C' | 'G') | ('C', 'G'))
}

/// The number that most tests are about.
pub fn key() -> E164 {
    "+14158867900".parse().expect("a number")
}

/// A stored number.
pub fn number(state: State, carrier: &str, owner: Option<char>) -> Number {
    let mut number = Number::new(key(), state, CarrierName::new(carrier), BEFORE);
    number.revision = numbers::revision::Revision(3);
    number.owner = owner.map(id);
    number.rests_until = (state == State::Aging).then(|| BEFORE.plus_days(REST_DAYS));
    number
}

/// The same, with accounts that reserved it, newest first.
pub fn with_history(state: State, carrier: &str, owner: Option<char>, history: &str) -> Number {
    let mut number = number(state, carrier, owner);
    number.reserve_history = history.chars().map(id).collect();
    number
}

/// The letters of a reserve history.
pub fn history(number: &Number) -> String {
    number.reserve_history.iter().map(letter).collect()
}

/// The owner's letter; `-` for nobody.
pub fn owner(number: &Number) -> char {
    number.owner.as_ref().map_or('-', letter)
}

/// The previous owner's letter; `-` for nobody.
pub fn previous(number: &Number) -> char {
    number.previous_owner.as_ref().map_or('-', letter)
}

fn letter(id: &AccountId) -> char {
    id.as_str()
        .chars()
        .next()
        .map_or('?', |c| c.to_ascii_uppercase())
}

/// The members of a JSON object.
pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("not an object: {other}"),
    }
}

/// A question to [`decide`]: who asks, for whom, about which record.
#[derive(Clone)]
pub struct Ask {
    pub key: E164,
    pub now: GregorianSeconds,
    pub number: Option<Number>,
    pub offer: Option<Offered>,
    pub caller: Option<char>,
    pub target: Option<char>,
    pub gone: Vec<AccountId>,
    pub porting: bool,
    pub address: Option<AddressAnswer<'static>>,
    pub rules: Rules,
    pub ported_in: bool,
    pub used_by: Option<String>,
    pub lists: OwnLists,
}

impl Ask {
    /// `caller` asks for itself about a number without record.
    pub fn unknown(caller: char) -> Self {
        Self {
            key: key(),
            now: NOW,
            number: None,
            offer: None,
            caller: Some(caller),
            target: Some(caller),
            gone: Vec::new(),
            porting: false,
            address: None,
            rules: Rules::default(),
            ported_in: false,
            used_by: None,
            lists: OwnLists::default(),
        }
    }

    /// `caller` asks for itself about a record.
    pub fn about(number: Number, caller: char) -> Self {
        Self {
            number: Some(number),
            ..Self::unknown(caller)
        }
    }

    /// `caller` asks for itself about a number that a carrier offers.
    pub fn offered(carrier: &str, caller: char) -> Self {
        Self {
            offer: Some(Offered {
                carrier: CarrierName::new(carrier),
                carrier_data: object(serde_json::json!({ "rate_center": "SAN FRANCISCO" })),
            }),
            ..Self::unknown(caller)
        }
    }

    /// In the URL of this account.
    pub fn for_account(mut self, target: char) -> Self {
        self.target = Some(target);
        self
    }

    /// Without an account in the URL.
    pub fn for_nobody(mut self) -> Self {
        self.target = None;
        self
    }

    /// The system itself asks.
    pub fn by_system(mut self) -> Self {
        self.caller = None;
        self
    }

    /// Under these rules.
    pub fn under(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Decides, with fields as [`numbers::document::public_fields`] leaves them.
    pub fn decide_with(&self, operation: Operation, fields: Value) -> Result<Plan, NumberError> {
        let owner_id = self
            .number
            .as_ref()
            .and_then(|number| number.owner.as_ref());
        let command = Command {
            ported_in: self.ported_in,
            used_by: self.used_by.clone(),
            lists: self.lists.clone(),
            ..Command::new(operation, object(fields))
        };
        let situation = Situation {
            key: &self.key,
            number: self.number.as_ref(),
            offer: self.offer.as_ref(),
            caller: self.caller.map(account),
            target: self.target.map(account),
            owner: owner_id
                .filter(|id| !self.gone.contains(id))
                .and_then(by_id),
            gone: &self.gone,
            address: self.address,
            porting: self.porting,
            classifier: "did_us",
            rest_days: REST_DAYS,
            now: self.now,
        };
        decide(&command, &situation, &self.rules)
    }

    /// Decides, without fields.
    pub fn decide(&self, operation: Operation) -> Result<Plan, NumberError> {
        self.decide_with(operation, Value::Object(Map::new()))
    }

    /// The plan of a step that must be allowed.
    #[track_caller]
    pub fn plan(&self, operation: Operation) -> Plan {
        self.decide(operation)
            .unwrap_or_else(|error| panic!("{operation:?} is refused: {error:?}"))
    }

    /// The plan of a step that must be allowed, with fields.
    #[track_caller]
    pub fn plan_with(&self, operation: Operation, fields: Value) -> Plan {
        self.decide_with(operation, fields)
            .unwrap_or_else(|error| panic!("{operation:?} is refused: {error:?}"))
    }

    /// The refusal of a step that must not be allowed.
    #[track_caller]
    pub fn refusal(&self, operation: Operation) -> NumberError {
        self.refusal_with(operation, Value::Object(Map::new()))
    }

    /// The refusal of a step that must not be allowed, with fields.
    #[track_caller]
    pub fn refusal_with(&self, operation: Operation, fields: Value) -> NumberError {
        match self.decide_with(operation, fields) {
            Err(error) => error,
            Ok(plan) => panic!("{operation:?} is allowed: {plan:?}"),
        }
    }
}

/// A refusal as `403 forbidden`, with its cause after a colon where it has one.
pub fn shown(error: &NumberError) -> String {
    let cause = error.cause().map(|cause| format!(": {cause}"));
    format!(
        "{} {}{}",
        error.code(),
        error.name(),
        cause.unwrap_or_default()
    )
}
