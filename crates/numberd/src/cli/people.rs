//! What can be typed about accounts and users.

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use numbers::gregorian::GregorianSeconds;
use serde_json::Value;

use super::{FeatureLists, Format};

/// `numberd account …`
#[derive(Subcommand)]
pub enum AccountCommand {
    /// List accounts
    List {
        /// Only those below this one (id, name or realm)
        #[arg(long, value_name = "ACCOUNT")]
        below: Option<String>,
        #[command(flatten)]
        format: Format,
    },
    /// Make an account
    Create {
        /// Its name
        name: String,
        /// The account above it (id, name or realm); without it the master
        #[arg(long, value_name = "ACCOUNT")]
        parent: Option<String>,
        /// Its SIP realm; without it one is made up
        #[arg(long)]
        realm: Option<String>,
        /// It sells to the accounts below it
        #[arg(long)]
        reseller: bool,
        /// It may add numbers to the database
        #[arg(long)]
        allow_additions: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Allow an account to add numbers to the database, or forbid it
    AllowAdditions {
        /// Which account (id, name or realm)
        account: String,
        /// Whether it may
        #[arg(value_enum, default_value_t = Switch::On)]
        allowed: Switch,
        #[command(flatten)]
        format: Format,
    },
    /// Say when an account ends; from then on nobody logs in to it
    Expiry {
        /// Which account (id, name or realm)
        account: String,
        /// When: `2027-01-31` (the end of that day, UTC), `2027-01-31T12:00:00Z`, or `never`
        #[arg(value_parser = parse_expiry)]
        when: Expiry,
        #[command(flatten)]
        format: Format,
    },
    /// Show what an account's numbers are managed by instead of the configuration's
    /// `[number_manager]`; with options, set it
    Settings {
        /// Which account (id, name or realm); of a reseller it holds for those below, too
        account: String,
        #[command(flatten)]
        features: FeatureLists,
        /// Set one: `e911_provider=telnyx_e911`; lists and objects are JSON
        #[arg(long, value_name = "KEY=VALUE", value_parser = parse_setting)]
        set: Vec<Setting>,
        /// Take one away: the configuration's holds again
        #[arg(long, value_name = "KEY")]
        unset: Vec<String>,
        #[command(flatten)]
        format: Format,
    },
    /// Make an account's API key; it is shown this once and stored only as a hash
    ApiKey {
        /// Which account (id, name or realm)
        account: String,
        /// End the key that the account has, and the tokens got with it
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        format: Format,
    },
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// `numberd user …`
#[derive(Subcommand)]
pub enum UserCommand {
    /// Make a user; without --password-stdin a password is made up and shown once
    Create {
        /// The account (id, name or realm)
        account: String,
        /// Login name
        username: String,
        /// Read the password from the first line of the input
        #[arg(long)]
        password_stdin: bool,
        /// With all rights in the account
        #[arg(long)]
        admin: bool,
        #[arg(long, default_value = "Account")]
        first_name: String,
        #[arg(long, default_value = "User")]
        last_name: String,
        #[arg(long)]
        email: Option<String>,
        #[command(flatten)]
        format: Format,
    },
    /// Set a user's password; without --password-stdin one is made up and shown once
    Password {
        /// The account (id, name or realm)
        account: String,
        /// Login name
        username: String,
        /// Read the password from the first line of the input
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        format: Format,
    },
}

/// A setting and its value.
#[derive(Clone, Debug)]
pub struct Setting(pub String, pub Value);

fn parse_setting(text: &str) -> Result<Setting, String> {
    let Some((key, value)) = text.split_once('=').filter(|(key, _)| !key.is_empty()) else {
        return Err("write KEY=VALUE, like e911_provider=telnyx_e911".to_owned());
    };
    // What is no JSON is a text, so that names need no quotes.
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    Ok(Setting(key.to_owned(), value))
}

/// When an account ends; `None`: never.
#[derive(Clone, Copy, Debug)]
pub struct Expiry(pub Option<GregorianSeconds>);

fn parse_expiry(text: &str) -> Result<Expiry, String> {
    if text == "never" {
        return Ok(Expiry(None));
    }
    let end_of_day = |day: Date| Ok(day.tomorrow()?.to_zoned(TimeZone::UTC)?.timestamp());
    let end = text
        .parse::<Timestamp>()
        .or_else(|_| text.parse::<Date>().and_then(end_of_day));
    let message = "write a day like 2027-01-31, a time like 2027-01-31T12:00:00Z, or never";
    let seconds = end.map_err(|_| message)?.as_second();
    let seconds = u64::try_from(seconds).map_err(|_| message)?;
    Ok(Expiry(Some(GregorianSeconds::from_unix(seconds))))
}
