//! The operator's own service, asked before our data: what it knows is put over
//! what we know, and where it says nothing the answer tells why.

use std::time::Duration;

use carriers::phonebook::{MOST_AT_ONCE, Phonebook};
use carriers::{CarrierError, Failure};
use futures::future::join_all;
use numbers::e164::E164;
use outside::patience::within;
use serde_json::{Map, Value, json};

use crate::Engine;

/// How the service is called in answers.
const NAME: &str = "locality service";

/// Members of our answer that the service can't change.
const OURS: [&str; 4] = ["number", "e164_number", "source", "status"];

impl Engine {
    /// Puts what the service knows over our answers. Its failures are told in
    /// `source` and in the log, and fail nothing.
    pub(super) async fn ask_phonebook(&self, places: &mut Map<String, Value>) {
        let Some(phonebook) = &self.phonebook else {
            return;
        };
        let keys: Vec<E164> = places.values().filter_map(key_of).collect();
        let said = self.said(phonebook, &keys).await;
        for place in places.values_mut() {
            let Some(key) = key_of(place) else { continue };
            let source = match said.get(&key) {
                Some(Ok(Value::Object(known)))
                    if known.get("status") == Some(&"success".into()) =>
                {
                    put_over(place, known);
                    json!({ "name": NAME })
                }
                Some(Err(why)) => json!({"name": NAME, "failed": why}),
                _ => json!({"name": NAME, "failed": "it doesn't know the number"}),
            };
            if let Some(sources) = place["source"].as_array_mut() {
                sources.insert(0, source);
            }
        }
    }

    /// What it says of each number, all within the time for one answer.
    async fn said(
        &self,
        phonebook: &Phonebook,
        keys: &[E164],
    ) -> std::collections::HashMap<E164, Result<Value, &'static str>> {
        let settings = &self.settings.number_manager.locality;
        let time = Duration::from_millis(settings.timeout_ms);
        let asked = keys.chunks(MOST_AT_ONCE).map(|chunk| async move {
            let answer = match within(time, phonebook.locality(chunk)).await {
                Some(Ok(known)) => Ok(known),
                Some(Err(error)) => Err(why(&error)),
                None => Err("no answer in time"),
            };
            (chunk, answer)
        });
        let mut said = std::collections::HashMap::with_capacity(keys.len());
        for (chunk, answer) in join_all(asked).await {
            match answer {
                Ok(mut known) => said.extend(chunk.iter().filter_map(|key| {
                    let known = known.remove(key.as_str())?;
                    Some((key.clone(), Ok(known)))
                })),
                Err(why) => said.extend(chunk.iter().map(|key| (key.clone(), Err(why)))),
            }
        }
        said
    }
}

/// Why it said nothing, without what only administrators should know.
fn why(error: &CarrierError) -> &'static str {
    tracing::warn!(%error, "the locality service didn't answer; our own data was used");
    match error.failure {
        Failure::NotSent => "it can't be reached",
        Failure::Refused => "it refused to answer",
        Failure::Unknown => "it gave no usable answer",
    }
}

/// The number of an answer that has one.
fn key_of(place: &Value) -> Option<E164> {
    E164::try_from(place["e164_number"].as_str()?).ok()
}

/// What is known replaces what we have, member by member within objects.
fn put_over(place: &mut Value, known: &Map<String, Value>) {
    for (member, value) in known {
        if OURS.contains(&member.as_str()) || value.is_null() {
            continue;
        }
        match (place[member].as_object_mut(), value) {
            (Some(ours), Value::Object(theirs)) => {
                let told = theirs.iter().filter(|(_, value)| !value.is_null());
                ours.extend(told.map(|(name, value)| (name.clone(), value.clone())));
            }
            _ => place[member] = value.clone(),
        }
    }
}
