//! What can be typed about carriers and providers, and those that are played.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use engine::orders::OrderState;
use simulators::Fault;

use super::Format;

/// Options of `simulate`.
#[derive(Args)]
#[command(
    after_help = "It sells numbers that are set aside for fiction, keeps emergency addresses, forgets \
everything when it ends, and prints what connects numberd to it.

An address is corrected (301 Marina Blvd.), unless there are two (12 Sample, without St or Ave) or \
none (1 Nowhere Ln, or no house number)."
)]
pub struct Simulate {
    /// Which vendor
    #[arg(value_parser = PossibleValuesParser::new(simulators::VENDORS.iter().map(|vendor| vendor.name)))]
    pub vendor: String,
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: String,
    /// How many of the requests that order, give back or deal with addresses go wrong, from 0 to 1
    #[arg(long, value_name = "RATE", default_value = "0", value_parser = parse_rate)]
    pub fault_rate: f64,
    /// What goes wrong with the first of those requests; given again, with the next one. With a rate, what goes wrong at random
    #[arg(long, value_name = "NAME", value_parser = fault_parser())]
    pub fault: Vec<Fault>,
    /// Where it posts when an order is done, as `telnyx` and `bandwidth2` do: …/v2/hooks/carriers/VENDOR
    #[arg(long, value_name = "URL")]
    pub webhook: Option<String>,
    /// After how many milliseconds orders are done, of vendors that make buyers wait; without it at once
    #[arg(long, value_name = "MS")]
    pub order_delay: Option<u64>,
    /// The same number makes the same faults; without it they are random
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
}

/// `numberd carrier …`
#[derive(Subcommand)]
pub enum CarrierCommand {
    /// Tell where a carrier and we differ on which numbers are ours, and what
    /// could be done; changes nothing unless it is told to
    Reconcile(Reconcile),
}

/// Options of `carrier reconcile`.
#[derive(Args)]
#[command(
    after_help = "ours_not_theirs: we have it, and the carrier says it isn't ours
unknown: we have it, and the carrier doesn't tell whether it is ours
theirs_not_ours: the carrier says it is ours, and we have no record of it
attributes: both have it, and describe it otherwise

Numbers that wait for an order are passed over. Without --reseller the operator's account at the \
carrier and those of all resellers are compared, each apart; --adopt and --release change what \
belongs to one account only: the operator's, or the reseller's that is named. What a reseller pays \
for is adopted for an account below it, or is reserved for the reseller itself."
)]
pub struct Reconcile {
    /// Which carrier
    pub carrier: String,
    /// Only with the own credentials of this reseller (id, name or realm), and
    /// what was bought with them
    #[arg(long, value_name = "ACCOUNT")]
    pub reseller: Option<String>,
    /// Only these numbers
    #[arg(long, value_name = "NUMBER")]
    pub only: Vec<String>,
    /// Take numbers that only the carrier knows into our stock
    #[arg(long, conflicts_with = "release")]
    pub adopt: bool,
    /// For this account (id, name or realm), in service; without it available to
    /// all, or a reseller's reserved for it
    #[arg(long, value_name = "ACCOUNT", requires = "adopt")]
    pub account: Option<String>,
    /// Give numbers back that only the carrier knows
    #[arg(long)]
    pub release: bool,
    /// Answer in CSV, for spreadsheets
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    #[command(flatten)]
    pub format: Format,
}

/// `numberd order …`
#[derive(Subcommand)]
pub enum OrderCommand {
    /// List orders, oldest first
    List {
        /// Only those of this account (id, name or realm)
        #[arg(long)]
        account: Option<String>,
        /// Only those in this state: sent, unknown, `by_hand`, …
        #[arg(long, value_parser = parse_order_state)]
        state: Option<OrderState>,
        /// Only those that aren't done: open at the carrier, or left to a person
        #[arg(long)]
        open: bool,
        /// How many at most; 0: all
        #[arg(long, default_value_t = 100)]
        limit: usize,
        #[command(flatten)]
        format: Format,
    },
    /// Show an order: each state with its time, each number, what the carrier said
    Show {
        /// Its id
        id: String,
        #[command(flatten)]
        format: Format,
    },
    /// Say that a person has given a number back at the carrier
    Close {
        /// The id of the release, which is in the state `by_hand`
        id: String,
        #[command(flatten)]
        format: Format,
    },
}

/// `numberd e911 …`
#[derive(Subcommand)]
pub enum E911Command {
    /// List numbers of the United States, its territories and Canada that are in
    /// service without a provisioned emergency address, and what their provider
    /// was asked
    Coverage {
        /// Only those of this account (id, name or realm)
        #[arg(long)]
        account: Option<String>,
        #[command(flatten)]
        format: Format,
    },
}

fn parse_order_state(text: &str) -> Result<OrderState, String> {
    text.parse().map_err(|error| format!("{error}"))
}

fn fault_parser() -> impl TypedValueParser<Value = Fault> {
    let names = Fault::ALL.map(|fault| PossibleValue::new(fault.name()).help(fault.text()));
    let names = PossibleValuesParser::new(names);
    names.try_map(|name| Fault::named(&name).ok_or("no such fault"))
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate: Option<f64> = text.parse().ok();
    rate.filter(|rate| (0.0..=1.0).contains(rate))
        .ok_or_else(|| "a rate is a number from 0 to 1".to_owned())
}
