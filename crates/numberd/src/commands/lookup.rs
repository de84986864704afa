//! `numberd lookup`: what is known of any number, as a card.

use engine::explain::{Explanation, Offline};
use engine::numbering::Table;
use engine::places::is_country;
use serde_json::{Value, json};

use crate::cli::{Global, Lookup};
use crate::config::Config;
use crate::database::{Access, Database};
use crate::exit::{Code, Failure, Outcome};
use crate::output;

pub async fn run(global: &Global, options: &Lookup) -> Outcome {
    if let Some(country) = options.country.as_deref().filter(|code| !is_country(code)) {
        let message = format!("'{country}' is not the two letters of a country, like DE");
        return Err(Failure::new(Code::Usage, message));
    }
    let explanations = explain(global, options).await?;
    if options.format.json {
        let all: Result<Vec<Value>, _> = explanations.iter().map(serde_json::to_value).collect();
        let all = all.map_err(|error| Failure::new(Code::Failure, error.to_string()))?;
        output::json(&json!(all))?;
        return Ok(());
    }
    for (index, explanation) in explanations.iter().enumerate() {
        if index > 0 {
            output::line("")?;
        }
        output::facts(false, &card(explanation), &Value::Null)?;
    }
    Ok(())
}

/// With the loaded tables where there is a database, else without.
async fn explain(global: &Global, options: &Lookup) -> Outcome<Vec<Explanation>> {
    let config = Config::load(global)?;
    let settings = config.engine().number_manager;
    let numbers = options.numbers.iter().map(|number| {
        let country = options.country.as_deref();
        // Configured rules know no punctuation.
        let spelled = number.contains([' ', '-', '(', '.', '/']);
        let country = country.or_else(|| spelled.then_some(&*settings.default_country));
        (number, country)
    });
    if Database::exists(&config)? {
        let database = Database::for_command(global, Access::Read).await?;
        database.engine.refresh_data_sets().await?;
        let engine = &database.engine;
        return Ok(numbers
            .map(|(number, country)| engine.explain(None, number, country, Table::Today))
            .collect());
    }
    let offline = Offline::new(&settings)
        .map_err(|error| Failure::new(Code::Usage, format!("number_manager: {error}")))?;
    Ok(numbers
        .map(|(number, country)| offline.explain(number, country, Table::Today))
        .collect())
}

/// Names and values, without what isn't known.
fn card(explanation: &Explanation) -> Vec<(&'static str, String)> {
    let mut card = vec![
        ("number", plain(&explanation.number)),
        ("e164", plain(&explanation.e164)),
    ];
    if let Some(classifier) = &explanation.classifier {
        let (name, friendly) = (&classifier.name, &classifier.rule.friendly_name);
        card.push(("class", format!("{name} ({friendly})")));
    }
    if let Some(metadata) = &explanation.metadata {
        let named = |code: &str| match metadata.country_name {
            Some(name) => format!("{code} ({name})"),
            None => code.to_owned(),
        };
        let known = [
            ("country", metadata.country.as_deref().map(named)),
            ("type", Some(metadata.kind.replace('_', " "))),
            ("valid", Some(yes_or_no(metadata.valid).to_owned())),
            ("place", metadata.geocode.map(str::to_owned)),
            ("carrier", metadata.carrier.map(str::to_owned)),
            ("time zones", Some(metadata.time_zones.join(", "))),
            ("national", Some(metadata.national.clone())),
            ("international", Some(metadata.international.clone())),
        ];
        let known = known.into_iter().filter_map(|(name, value)| {
            let value = value.filter(|value| !value.is_empty())?;
            Some((name, value))
        });
        card.extend(known);
    }
    let storable = explanation.normalization.reconcilable;
    card.push(("can be stored", yes_or_no(storable).to_owned()));
    card.extend(
        explanation
            .place
            .iter()
            .map(|said| ("source", source(said))),
    );
    card
}

/// One source in a line: who, as of when, what it says.
fn source(said: &Value) -> String {
    let text = |member: &str| said[member].as_str().map(plain);
    let who = [text("name"), text("version"), text("kind"), text("date")];
    let mut line = who.into_iter().flatten().collect::<Vec<_>>().join(" ");
    if let Some(prefix) = text("prefix") {
        line.push_str(", by ");
        line.push_str(&prefix);
    }
    let says = said["says"].as_object().into_iter().flatten();
    let words: Vec<String> = says
        .filter_map(|(member, value)| Some(format!("{member} {}", plain(value.as_str()?))))
        .collect();
    if !words.is_empty() {
        line.push_str(": ");
        line.push_str(&words.join("; "));
    }
    line
}

const fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// A text that can't steer a terminal.
fn plain(text: &str) -> String {
    let safe = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().take(300).map(safe).collect()
}
