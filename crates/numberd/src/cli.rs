//! What can be typed.

mod outside;
mod people;

pub use outside::{CarrierCommand, E911Command, OrderCommand, Reconcile, Simulate};
pub use people::{AccountCommand, Expiry, Setting, Switch, UserCommand};

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};
use numbers::state::State;
use places::overlay::Kind;

use crate::commands;
use crate::exit::{Code, Failure, Outcome};

const EXIT_CODES: &str = "Exit codes:
  0  done
  1  failed; for `check` and `carrier reconcile`: something was found
  2  the command line, the configuration or a value is wrong
  3  there is no such account, user or number
  4  refused, wholly or in part: it exists already, it is in use, rows failed
  5  the database can't be opened or doesn't answer";

/// A phone-number management server: keeps the numbers that an operator owns or
/// can buy, says who holds each, and moves them through their life.
#[derive(Parser)]
#[command(name = "numberd", version, after_help = EXIT_CODES, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Args)]
pub struct Global {
    /// Configuration file; without it `numberd.toml`, if it is there
    #[arg(
        long,
        value_name = "FILE",
        env = "NUMBERD_CONFIG",
        hide_env_values = true,
        global = true
    )]
    pub config: Option<PathBuf>,
    /// Where the numbers are: `sqlite:FILE` or `postgres://USER@HOST/DATABASE`;
    /// without it `sqlite:numberd.db`
    #[arg(
        long,
        value_name = "URL",
        env = "NUMBERD_DATABASE",
        hide_env_values = true,
        global = true
    )]
    pub database: Option<String>,
    /// What is logged to stderr: error, warn, info, debug, trace, or by module
    #[arg(
        long,
        value_name = "LEVEL",
        env = "NUMBERD_LOG_LEVEL",
        hide_env_values = true,
        global = true
    )]
    pub log_level: Option<String>,
    /// What lines of the log look like: text or json
    #[arg(
        long,
        value_name = "FORMAT",
        env = "NUMBERD_LOG_FORMAT",
        hide_env_values = true,
        global = true
    )]
    pub log_format: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Serve(Serve),
    /// List and make accounts, set their rights and keys
    #[command(subcommand)]
    Account(AccountCommand),
    /// Make users and set their passwords
    #[command(subcommand)]
    User(UserCommand),
    /// Play a carrier, to try buying without one that costs money
    Simulate(Simulate),
    /// Look at numbers and their history
    #[command(subcommand)]
    Number(NumberCommand),
    /// Compare what carriers say is ours with what we have
    #[command(subcommand)]
    Carrier(CarrierCommand),
    /// Look at orders at carriers, and close what a person has done
    #[command(subcommand)]
    Order(OrderCommand),
    /// Look at emergency addresses
    #[command(subcommand)]
    E911(E911Command),
    /// Follow what happens to numbers: the log of everybody, or of an account
    /// and those below it
    Events(Events),
    /// Tell what is known of any number: its class, country, place, and why
    Lookup(Lookup),
    /// Load tables that know better where numbers are
    #[command(subcommand)]
    Data(DataCommand),
    /// Take numbers in from a CSV file
    Import(Import),
    /// Write numbers to a CSV file
    Export(Export),
    /// Copy the database to a file, also while a server uses it
    Backup {
        /// The copy; must not exist yet
        file: PathBuf,
    },
    /// Copy everything into another database, of whatever kind, and compare
    Copy(Copy),
    /// Prepare the database or bring it up to date, as `serve` does at its start
    Migrate(Migrate),
    /// Verify every invariant of the database; changes nothing
    Check(Format),
    /// Repair numbers that contradict themselves, in favour of who owns them;
    /// what was done stands in their histories
    Fix(Format),
}

/// How a command answers.
#[derive(Args, Clone, Copy)]
pub struct Format {
    /// Answer in JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// Options of `serve`.
#[derive(Args)]
#[command(
    after_help = "On an empty database the first start makes the master account, its admin user and \
its API key, and prints once what it made up. These set them:
  NUMBERD_MASTER_NAME      name of the master account [master]
  NUMBERD_ADMIN_USERNAME   login name of its user [admin]
  NUMBERD_ADMIN_PASSWORD   his password [random]
  NUMBERD_MASTER_API_KEY   its API key, 64 hex digits [random]

Resellers may have credentials of their own at carriers, once this is set; they are stored under it:
  NUMBERD_SECRETS_KEY      64 hex digits, the same on every node and start

SIGTERM and SIGINT end the server after what is in flight."
)]
pub struct Serve {
    /// Address and port; port 0 takes a free one. Without it 127.0.0.1:8000
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "NUMBERD_LISTEN",
        hide_env_values = true
    )]
    pub listen: Option<String>,
    /// Dialect of the answers, 2016 or 4.3. Without it 2016
    #[arg(
        long,
        value_name = "DIALECT",
        env = "NUMBERD_DIALECT",
        hide_env_values = true
    )]
    pub dialect: Option<String>,
    /// Fill an empty database with a reseller, a customer and numbers to try,
    /// and print curl lines that work
    #[arg(long, env = "NUMBERD_DEMO", hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub demo: bool,
}

/// `numberd number …`
#[derive(Subcommand)]
pub enum NumberCommand {
    /// List numbers
    List {
        /// Only those of this account (id, name or realm)
        #[arg(long)]
        account: Option<String>,
        /// Only those in this state
        #[arg(long, value_parser = parse_state)]
        state: Option<State>,
        /// Only those that begin so: +1415
        #[arg(long)]
        prefix: Option<String>,
        /// How many at most; 0: all
        #[arg(long, default_value_t = 100)]
        limit: usize,
        #[command(flatten)]
        format: Format,
    },
    /// Show all that is known of a number
    Show {
        /// The number
        number: String,
        #[command(flatten)]
        format: Format,
    },
    /// Show which features a number may have; with options, set its own lists, which hold instead
    /// of its account's and the system's
    Features {
        /// The number
        number: String,
        #[command(flatten)]
        lists: FeatureLists,
        #[command(flatten)]
        format: Format,
    },
    /// Show what happened to a number, also after it is gone
    History {
        /// The number
        number: String,
        #[command(flatten)]
        format: Format,
    },
}

/// Lists of features, as they are typed.
#[derive(Args)]
pub struct FeatureLists {
    /// Only these may be had: e911,cnam; none: no list
    #[arg(long, value_name = "FEATURES")]
    pub allow: Option<String>,
    /// These may not be had; none: no list
    #[arg(long, value_name = "FEATURES")]
    pub deny: Option<String>,
}

impl FeatureLists {
    /// The names of a list; none for the word `none`.
    pub fn names(typed: &str) -> Vec<&str> {
        let names = typed.split(',').map(str::trim);
        names
            .filter(|name| !name.is_empty() && *name != "none")
            .collect()
    }

    /// Whether nothing is to be set.
    pub const fn is_empty(&self) -> bool {
        self.allow.is_none() && self.deny.is_none()
    }
}

/// Options of `events`.
#[derive(Args)]
#[command(
    after_help = "The line on stderr says where to go on, with --json each event's `cursor` does: give it \
with --after, and no event is missed, whatever was being written meanwhile."
)]
pub struct Events {
    /// Only events after this one: what the last call said
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
    /// Only of this account and those below it (id, name or realm)
    #[arg(long)]
    pub account: Option<String>,
    /// How many at most; 0: all
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    pub limit: usize,
    #[command(flatten)]
    pub format: Format,
}

/// Options of `lookup`.
#[derive(Args)]
#[command(
    after_help = "Needs no database; where there is one, the tables loaded into it are asked too."
)]
pub struct Lookup {
    /// Numbers, as people write them
    #[arg(required = true, value_name = "NUMBER")]
    pub numbers: Vec<String>,
    /// Read them as they are written in this country: DE. Without it the
    /// configured rules decide, for numbers with punctuation the default country
    #[arg(long, value_name = "COUNTRY")]
    pub country: Option<String>,
    #[command(flatten)]
    pub format: Format,
}

/// `numberd data …`
#[derive(Subcommand)]
pub enum DataCommand {
    /// List what is built in and what was loaded: source, date, rows
    List(Format),
    /// Load a table; one of the same name is replaced
    Load(DataLoad),
    /// Remove a loaded table
    Remove {
        /// Its name
        name: String,
        #[command(flatten)]
        format: Format,
    },
}

/// Options of `data load`.
#[derive(Args)]
#[command(
    after_help = "The file has a line of column names, and commas, semicolons or tabs between columns.

npa-nxx: NPA-NXX (415-555, or 415-555-1 for a block), or NPA, NXX and perhaps X apart
area-codes: prefix or NPA (415, or +4930 for other countries)

Besides, in any order: country, state, city, rate_center, lata, ocn, company, switch, type, postal_code, \
time_zone. Other columns are passed over. Running servers take the table over within half a minute."
)]
pub struct DataLoad {
    /// The file; `-`: the input
    pub file: PathBuf,
    /// What it is about: npa-nxx or area-codes
    #[arg(long, value_parser = parse_kind)]
    pub kind: Kind,
    /// What it shall be called; without it as the file
    #[arg(long)]
    pub name: Option<String>,
    #[command(flatten)]
    pub format: Format,
}

fn parse_kind(text: &str) -> Result<Kind, String> {
    text.parse().map_err(|error| format!("{error}"))
}

fn parse_state(text: &str) -> Result<State, String> {
    text.parse().map_err(|error| format!("{error}"))
}

/// Options of `copy`.
#[derive(Args)]
#[command(
    after_help = "Stop all servers on both first. An interrupted copy goes on when it is run again. \
Afterwards start the server with --database on the new one."
)]
pub struct Copy {
    /// What is copied: `sqlite:FILE` or `postgres://USER@HOST/DATABASE`
    #[arg(long, value_name = "URL")]
    pub from: String,
    /// Where to: an empty database, or one with an interrupted copy
    #[arg(long, value_name = "URL")]
    pub to: String,
}

/// Options of `migrate`.
#[derive(Args)]
pub struct Migrate {
    /// Spread the tables over the workers of a Citus cluster, too
    #[arg(long)]
    pub citus: bool,
}

/// Options of `import`.
#[derive(Args)]
#[command(
    after_help = "Columns: e164 (the only one that must be there), account_name, account_id, \
previously_assigned_to, state, created, modified (Gregorian seconds), used_by, ported_in, carrier_module, \
cnam.inbound, cnam.outbound, e911.locality, e911.name, e911.region, e911.street_address, \
e911.extended_address, e911.postal_code, prepend.enabled, prepend.name, prepend.number, ringback.early, \
ringback.transfer, force_outbound, failover.e164, failover.sip; opaque.NAME is the custom field NAME, its \
text as it is or, after 'json:', any JSON. A column 'error' is passed over.

A number that is there already is never changed: a row that says the same counts as done, another one as \
failed. So an interrupted import is resumed by running it again.

Emergency addresses are kept as notes; no provider is told of them."
)]
pub struct Import {
    /// The file; `-`: the input
    pub file: PathBuf,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Write the rows that failed here, with a column `error`; must not exist yet
    #[arg(long, value_name = "FILE")]
    pub errors: Option<PathBuf>,
    #[command(flatten)]
    pub format: Format,
}

/// Options of `export`.
#[derive(Args)]
#[command(
    after_help = "The columns are those of `import`, which makes the same numbers of them again."
)]
pub struct Export {
    /// The file, which must not exist yet; without it or with `-`: the output
    pub file: Option<PathBuf>,
    /// Only the numbers of this account (id, name or realm)
    #[arg(long)]
    pub account: Option<String>,
}

/// Reads the command line and does what it says.
pub fn run() -> Outcome {
    let cli = Cli::try_parse().unwrap_or_else(|error| error.exit());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::Failure, format!("can't start threads: {error}")))?;
    runtime.block_on(dispatch(cli))
}

async fn dispatch(cli: Cli) -> Outcome {
    let global = &cli.global;
    match cli.command {
        Command::Serve(options) => commands::serve::run(global, &options).await,
        Command::Simulate(options) => commands::simulate::run(&options).await,
        Command::Account(command) => commands::account::run(global, command).await,
        Command::User(command) => commands::user::run(global, command).await,
        Command::Number(command) => commands::number::run(global, command).await,
        Command::Carrier(command) => commands::carrier::run(global, command).await,
        Command::Order(command) => commands::order::run(global, command).await,
        Command::E911(command) => commands::e911::run(global, command).await,
        Command::Events(options) => commands::events::run(global, &options).await,
        Command::Lookup(options) => commands::lookup::run(global, &options).await,
        Command::Data(command) => commands::data::run(global, command).await,
        Command::Import(options) => commands::import::run(global, &options).await,
        Command::Export(options) => commands::export::run(global, &options).await,
        Command::Backup { file } => commands::backup::run(global, &file).await,
        Command::Copy(options) => commands::copy::run(global, &options).await,
        Command::Migrate(options) => commands::migrate::run(global, &options).await,
        Command::Check(format) => commands::check::run(global, format).await,
        Command::Fix(format) => commands::fix::run(global, format).await,
    }
}
