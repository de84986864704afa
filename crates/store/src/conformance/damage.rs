//! A database with something of everything, and what damage a check finds.
//!
//! Statements, since no store writes such things; they are the same in every
//! engine that speaks SQL.

use numbers::state::State;

use crate::conformance::sample::{
    account, billable, creation, just, key, number, put, put_user, user,
};
use crate::{Batch, Claim, ClaimKind, Operation};

/// Accounts with a user, names, a setting, and a number with and one without an
/// owner.
pub fn something_of_everything() -> [Batch; 3] {
    let claim = Claim {
        kind: ClaimKind::ApiKey,
        name: "digest".to_owned(),
    };
    [
        just([
            put(account(1, &[])),
            put(account(2, &[1])),
            put_user(user(2, "u")),
            Operation::Claim(claim, "2".to_owned()),
            Operation::Set("k".to_owned(), "v".to_owned()),
        ]),
        creation(billable(&key(1), 2)),
        creation(number(&key(2), State::Available)),
    ]
}

/// What is done to such a database, and a part of what a check then says.
pub const DAMAGE: [(&str, &str); 12] = [
    (
        "DELETE FROM account_numbers",
        "missing in the list of its account",
    ),
    (
        "INSERT INTO account_numbers VALUES ('x', '+10000000002')",
        "doesn't own it",
    ),
    (
        "INSERT INTO account_numbers VALUES ('x', '+19')",
        "doesn't own it",
    ),
    ("DELETE FROM number_events", "has no event"),
    ("DELETE FROM account_events", "in the log of its owner"),
    (
        "UPDATE account_counters SET own = own + 1, total = total + 1",
        "billable numbers is wrong",
    ),
    (
        "UPDATE account_counters SET total = total + 1",
        "below it is wrong",
    ),
    (
        "UPDATE state_counters SET numbers = 7",
        "a state whose count",
    ),
    ("DELETE FROM account_tree", "in the tree"),
    (
        "DELETE FROM accounts WHERE parent_id IS NOT NULL",
        "isn't there",
    ),
    ("UPDATE numbers SET pool = 'x'", "columns contradict"),
    ("UPDATE numbers SET carrier = 'x'", "columns contradict"),
];
