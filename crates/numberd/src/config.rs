//! Configuration: flags, the environment, a file, defaults; in this order.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use api::{ApiSettings, Dialect, Limits};
use carriers::Registry;
use engine::orders::Timing;
use engine::settings::{Accounts, Auth, NumberManager};
use engine::webhooks::WebhookSettings;
use numbers::carrier::{CarrierName, KNOWN};
use numbers::classify::Classifiers;
use numbers::converter::{Converters, DEFAULT_RECONCILE};
use numbers::dial_plan::DialPlan;
use numbers::pattern::BadPattern;
use numbers::price::PriceList;
use outside::settings::{AllSettings, Common};
use providers::Providers;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::Global;
use crate::exit::{Code, Failure, Outcome};
use crate::logging::{Format, Log};

/// The file that is read when none is named, if it is there.
const DEFAULT_FILE: &str = "numberd.toml";

/// Everything that an operator can say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address and port; port 0 takes a free one.
    pub listen: String,
    /// Where the numbers are: `sqlite:FILE` or `postgres://USER@HOST/DATABASE`.
    pub database: String,
    /// The dialect of answers.
    pub dialect: Dialect,
    /// Names this node; only a hash of it is shown.
    pub node: String,
    /// Peers whose `X-Forwarded-For` is believed.
    pub reverse_proxies: Vec<IpAddr>,
    /// How numbers are managed.
    pub number_manager: NumberManager,
    /// What things cost.
    pub prices: PriceList,
    /// Log-ins.
    pub auth: Auth,
    /// Accounts that are made.
    pub accounts: Accounts,
    /// A bound on everything.
    pub limits: Limits,
    /// How long orders at carriers may take.
    pub orders: Timing,
    /// How others are told of events.
    pub webhooks: WebhookSettings,
    /// Where numbers come from, by the carrier's name.
    pub carriers: AllSettings,
    /// Who acts for numbers, by the provider's name.
    pub providers: AllSettings,
    /// The log.
    pub log: Log,
}

impl Default for Config {
    fn default() -> Self {
        let api = ApiSettings::default();
        Self {
            listen: "127.0.0.1:8000".to_owned(),
            database: "sqlite:numberd.db".to_owned(),
            dialect: api.dialect,
            node: api.node,
            reverse_proxies: api.reverse_proxies,
            number_manager: NumberManager::default(),
            prices: PriceList::default(),
            auth: Auth::default(),
            accounts: Accounts::default(),
            limits: api.limits,
            orders: Timing::default(),
            webhooks: WebhookSettings::default(),
            carriers: AllSettings::default(),
            providers: AllSettings::default(),
            log: Log::default(),
        }
    }
}

impl Config {
    /// Reads the file, if there is one, and puts flags and environment on top.
    pub fn load(global: &Global) -> Outcome<Self> {
        let file = match &global.config {
            Some(path) => Some(path.clone()),
            None => Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()),
        };
        let mut config = match file {
            Some(path) => {
                let text = std::fs::read_to_string(&path).map_err(|error| wrong(&path, error))?;
                Self::parse(&text, &path)?
            }
            None => Self::default(),
        };
        config.take_over(global)?;
        Ok(config)
    }

    /// Reads the text of a file.
    pub fn parse(text: &str, path: &Path) -> Outcome<Self> {
        let config: Self = toml::from_str(text).map_err(|error| located(text, path, &error))?;
        config.check().map_err(|message| wrong(path, message))?;
        Ok(config)
    }

    fn take_over(&mut self, global: &Global) -> Outcome {
        // An empty variable is one that isn't set.
        let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(database) = said(&global.database) {
            self.database = database;
        }
        if let Some(level) = said(&global.log_level) {
            self.log.level = level;
        }
        match said(&global.log_format).as_deref() {
            None => {}
            Some("text") => self.log.format = Format::Text,
            Some("json") => self.log.format = Format::Json,
            Some(other) => {
                let message = format!("'{other}' is not a format of the log: text or json");
                return Err(Failure::new(Code::Usage, message));
            }
        }
        Ok(())
    }

    /// Puts the flags and variables of `serve` on top.
    pub fn take_over_serving(&mut self, listen: Option<&str>, dialect: Option<&str>) -> Outcome {
        if let Some(listen) = listen.filter(|text| !text.is_empty()) {
            listen.clone_into(&mut self.listen);
        }
        if let Some(dialect) = dialect.filter(|text| !text.is_empty()) {
            self.dialect = dialect
                .parse()
                .map_err(|error| Failure::new(Code::Usage, format!("{error}")))?;
        }
        Ok(())
    }

    /// What the types don't check.
    fn check(&self) -> Result<(), String> {
        Registry::with_settings(self.carriers.0.clone()).map_err(|error| error.to_string())?;
        self.check_orders()?;
        Providers::with_settings(self.providers.0.clone()).map_err(|error| error.to_string())?;
        self.check_number_manager()
    }

    /// What a carrier doesn't know of is believed only when no request to it can
    /// still be under way: each may wait for its turn, and then for the answer.
    fn check_orders(&self) -> Result<(), String> {
        let believed = self.orders.lost_after_s.min(self.orders.unheard_after_s);
        let carriers = self.carriers.0.iter().map(|of| ("carriers", of));
        let providers = self.providers.0.iter().map(|of| ("providers", of));
        for (section, (name, settings)) in carriers.chain(providers) {
            let timeout = settings.get("timeout_ms").and_then(Value::as_u64);
            let timeout = timeout.unwrap_or(Common::default().timeout_ms);
            if timeout.saturating_mul(2) > believed.saturating_mul(1000) {
                return Err(format!(
                    "orders.lost_after_s and orders.unheard_after_s must be at least twice \
                     {section}.{name}.timeout_ms ({timeout})"
                ));
            }
        }
        Ok(())
    }

    /// The tables whose keys are free text on the outside only.
    fn check_number_manager(&self) -> Result<(), String> {
        let manager = &self.number_manager;
        only(
            "number_manager.features",
            manager.features.keys(),
            &["allow", "deny"],
        )?;
        for (list, names) in &manager.features {
            let known = names.as_array().is_some_and(|names| {
                names.iter().all(|name| {
                    name.as_str()
                        .and_then(numbers::feature::Feature::named)
                        .is_some()
                })
            });
            if !known {
                return Err(format!(
                    "number_manager.features.{list} is a list of features"
                ));
            }
        }
        for (pattern, rule) in &manager.dial_plan {
            // Kazoo's list of names under `system` stands beside the patterns.
            if let Value::Object(rule) = rule {
                let section = format!("number_manager.dial_plan.'{pattern}'");
                only(&section, rule.keys(), &["prefix", "suffix", "description"])?;
            }
        }
        check_patterns(manager).map_err(|error| format!("number_manager: {error}"))?;
        check_modules(manager)
    }

    /// The part that the API is told.
    pub fn api(&self) -> ApiSettings {
        ApiSettings {
            dialect: self.dialect,
            node: self.node.clone(),
            reverse_proxies: self.reverse_proxies.clone(),
            limits: self.limits.clone(),
            ..ApiSettings::default()
        }
    }

    /// The part that the engine is told.
    pub fn engine(&self) -> engine::Settings {
        engine::Settings {
            number_manager: self.number_manager.clone(),
            prices: self.prices.clone(),
            auth: self.auth.clone(),
            accounts: self.accounts.clone(),
            carriers: self.carriers.clone(),
            providers: self.providers.clone(),
            orders: self.orders,
            webhooks: self.webhooks.clone(),
            ..engine::Settings::default()
        }
    }
}

fn check_patterns(manager: &NumberManager) -> Result<(), BadPattern> {
    let reconcile = manager.reconcile_regex.as_deref();
    Converters::new(
        manager.e164_converters.clone(),
        reconcile.unwrap_or(DEFAULT_RECONCILE),
    )?;
    DialPlan::from_map(&manager.dial_plan)?;
    if let Some(table) = &manager.classifiers {
        Classifiers::from_map(table)?;
    }
    Ok(())
}

fn check_modules(manager: &NumberManager) -> Result<(), String> {
    let mut named = vec![
        ("available_module_name", &manager.available_module_name),
        ("port_in_module_name", &manager.port_in_module_name),
    ];
    named.extend(
        manager
            .carrier_modules
            .iter()
            .map(|name| ("carrier_modules", name)),
    );
    for (key, name) in named {
        if !CarrierName::new(name).is_known() {
            let known = KNOWN.join(", ");
            return Err(format!(
                "number_manager.{key}: '{name}' is not a carrier; carriers are {known}"
            ));
        }
    }
    Ok(())
}

fn only<'a>(
    section: &str,
    keys: impl Iterator<Item = &'a String>,
    known: &[&str],
) -> Result<(), String> {
    for key in keys {
        if !known.contains(&key.as_str()) {
            let known = known.join(", ");
            return Err(format!("{section}: unknown key '{key}', keys are {known}"));
        }
    }
    Ok(())
}

fn wrong(path: &Path, message: impl fmt::Display) -> Failure {
    Failure::new(Code::Usage, format!("{}: {message}", path.display()))
}

/// One line: which file, where in it, what.
fn located(text: &str, path: &Path, error: &toml::de::Error) -> Failure {
    let place = error.span().map(|span| {
        let before = text.get(..span.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        format!("line {line}: ")
    });
    let message = error.message().trim().replace('\n', " ");
    wrong(path, format!("{}{message}", place.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../numberd.example.toml");

    fn parse(text: &str) -> Outcome<Config> {
        Config::parse(text, Path::new("x.toml"))
    }

    /// The example with everything switched on that it only shows: lines that
    /// begin with `#` and no space.
    fn everything() -> String {
        let lines = EXAMPLE.lines().map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with([' ', '#']) => setting,
            _ => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_example_holds_the_defaults() {
        assert_eq!(parse(EXAMPLE).unwrap(), Config::default());
    }

    #[test]
    fn the_example_shows_every_setting() {
        let shown: Value = toml::from_str(&everything()).unwrap();
        let defaults = serde_json::to_value(Config::default()).unwrap();
        let mut missing = Vec::new();
        compare("", &defaults, &shown, &mut missing);
        assert_eq!(missing, Vec::<String>::new());
    }

    fn compare(path: &str, defaults: &Value, shown: &Value, missing: &mut Vec<String>) {
        let Value::Object(members) = defaults else {
            return;
        };
        for (key, value) in members {
            let path = format!("{path}{key}");
            match shown.get(key) {
                Some(shown) => compare(&format!("{path}."), value, shown, missing),
                None => missing.push(path),
            }
        }
    }

    #[test]
    fn what_the_example_only_shows_can_be_used() {
        let config = parse(&everything()).unwrap();
        assert_eq!(config.carriers.0["telnyx"]["timeout_ms"], 5000);
        assert!(engine_takes(&config));
    }

    fn engine_takes(config: &Config) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let options = store_sqlite::Options::default();
        let store = store_sqlite::SqliteStore::open(folder.path().join("db"), &options).unwrap();
        engine::Engine::new(std::sync::Arc::new(store), config.engine()).is_ok()
    }

    #[test]
    fn an_unknown_key_is_named_with_its_file() {
        for (text, key) in [
            ("lisen = \"x\"", "lisen"),
            ("[limits]\nmax_bodies = 1", "max_bodies"),
            ("[number_manager]\ncarrier_module = []", "carrier_module"),
            ("[number_manager.features]\nallowed = []", "allowed"),
            ("[number_manager.dial_plan.'^x$']\nprefx = '+1'", "prefx"),
            (
                "[number_manager.classifiers.a]\nregex = 'x'\nfriendly_name = 'x'\npretty = 'x'",
                "pretty",
            ),
            ("[carriers.telnyx]\ntoken = 'x'\nretries = 1", "retries"),
            ("[carriers.telnix]\nbase_url = 'https://a'", "telnix"),
            ("[providers.e911]\nbase_url = 'https://a'", "e911"),
            ("[prices.phone_numbers.did_us]\nsetup = 1", "setup"),
            ("[log]\ncolour = true", "colour"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with("x.toml: "), "{error}");
            assert!(error.contains(key), "{error} lacks {key}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn patterns_and_carriers_are_checked_at_once() {
        for (text, named) in [
            ("[number_manager]\ne164_converters = [{ regex = '(' }]", "("),
            ("[number_manager]\nreconcile_regex = '['", "["),
            ("[number_manager.dial_plan]\n'(' = { prefix = '+' }", "("),
            (
                "[number_manager]\navailable_module_name = 'locl'",
                "available_module_name",
            ),
            (
                "[number_manager]\ncarrier_modules = ['local', 'locl']",
                "carrier_modules",
            ),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(
                error.contains("number_manager") && error.contains(named),
                "{error}"
            );
        }
    }

    #[test]
    fn credentials_stay_out_of_what_is_printed() {
        let text = "[carriers.telnyx]\ntoken = 'secret'";
        let config = parse(text).unwrap();
        assert_eq!(config.carriers.0["telnyx"]["token"], "secret");
        assert!(!format!("{config:?}").contains("secret"));
    }

    #[test]
    fn no_carrier_is_believed_while_a_request_may_be_under_way() {
        let orders = "[orders]\nunheard_after_s = 9\n[carriers.telnyx]\ntoken = 'x'\ntimeout_ms";
        assert!(parse(&format!("{orders} = 4500")).is_ok());
        let error = parse(&format!("{orders} = 4501")).unwrap_err().to_string();
        assert!(error.contains("unheard_after_s"), "{error}");
    }

    #[test]
    fn limits_that_no_service_may_have_are_told_at_the_start() {
        for section in ["carriers.telnyx", "providers.telnyx_e911"] {
            let text = format!("[{section}]\ntoken = 'x'\nconnect_timeout_ms = 10001");
            let error = parse(&text).unwrap_err().to_string();
            let told = format!("[{section}]: 'connect_timeout_ms' is from 1 to 10000");
            assert!(error.contains(&told), "{error}");
        }
    }

    #[test]
    fn a_carrier_without_credentials_says_which_key_is_missing() {
        for (name, key) in [("telnyx", "token"), ("other", "phonebook_url")] {
            let error = parse(&format!("[carriers.{name}]"))
                .unwrap_err()
                .to_string();
            assert!(error.contains(name) && error.contains(key), "{error}");
        }
    }

    #[test]
    fn classifiers_keep_their_order() {
        let text = "[number_manager.classifiers.zulu]\nregex = '^1'\nfriendly_name = 'Z'\n\
                    [number_manager.classifiers.alpha]\nregex = '^2'\nfriendly_name = 'A'";
        let config = parse(text).unwrap();
        let names: Vec<String> = config
            .number_manager
            .classifiers
            .unwrap()
            .keys()
            .cloned()
            .collect();
        assert_eq!(names, ["zulu", "alpha"]);
    }
}
