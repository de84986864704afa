//! A provider of emergency addresses, played: it does what it is told to do
//! next, and knows what it has.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use async_trait::async_trait;
use numbers::e164::E164;
use providers::{
    Address, Checked, EmergencyProvider, Failure, Located, Placed, ProviderError, ProviderName,
    Removal, Standing,
};
use serde_json::{Map, Value, json};

use super::object;

/// What happens to the next call that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It works.
    Works,
    /// It is taken, and works once it is asked for.
    Later,
    /// It is refused.
    Refused,
    /// It works, and the answer is lost.
    LostAfter,
    /// It never arrives, and nobody knows.
    LostBefore,
    /// It is taken, and has failed once it is asked for.
    Fails,
    /// The same, and what the number had before is gone with it.
    FailsBare,
}

#[derive(Clone)]
struct Kept {
    fields: Map<String, Value>,
    reference: String,
}

/// What it has for a number: what works, and what will once it is asked for.
#[derive(Clone, Default)]
struct Line {
    active: Option<Kept>,
    coming: Option<Kept>,
    /// What will be of the one that is coming, where it won't work.
    fails: Option<Act>,
}

/// The provider.
pub struct Played {
    name: ProviderName,
    acts: Mutex<VecDeque<Act>>,
    lines: Mutex<BTreeMap<E164, Line>>,
    calls: Mutex<Vec<String>>,
    /// The next questions, and which of them aren't answered.
    silences: Mutex<VecDeque<bool>>,
}

impl Played {
    pub fn new(name: &str) -> Self {
        Self {
            name: ProviderName::new(name),
            acts: Mutex::default(),
            lines: Mutex::default(),
            calls: Mutex::default(),
            silences: Mutex::default(),
        }
    }

    /// Which of the next questions aren't answered.
    pub fn is_silent(&self, questions: &[bool]) {
        *self.silences.lock().unwrap() = questions.iter().copied().collect();
    }

    /// What happens next; once these are used up, everything works.
    pub fn next(&self, acts: &[Act]) {
        *self.acts.lock().unwrap() = acts.iter().copied().collect();
    }

    /// The address that it has for a number.
    pub fn has(&self, number: &E164) -> Option<Value> {
        let lines = self.lines.lock().unwrap();
        let kept = lines.get(number)?.active.as_ref()?;
        Some(Value::Object(kept.fields.clone()))
    }

    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    fn act(&self, call: &str) -> Act {
        self.calls.lock().unwrap().push(call.to_owned());
        self.acts.lock().unwrap().pop_front().unwrap_or(Act::Works)
    }

    fn failed(&self, failure: Failure) -> ProviderError {
        let service = outside::Service::provider(self.name.as_str());
        ProviderError::new(&service, failure, "as it was told to")
    }
}

#[async_trait]
impl EmergencyProvider for Played {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn sandbox(&self) -> bool {
        false
    }

    async fn check(&self, address: &Address) -> Result<Checked, ProviderError> {
        self.calls.lock().unwrap().push("check".to_owned());
        let found = |street: &str| Located {
            fields: object(json!({
                "street_address": street.to_uppercase(), "locality": address.locality.to_uppercase(),
                "region": address.region, "postal_code": address.postal_code,
                "caller_name": address.caller_name, "status": "GEOCODED",
            })),
            keys: Map::new(),
        };
        match address.street_address.as_str() {
            "12 Sample" => Ok(Checked::Several(vec![
                found("12 Sample St"),
                found("12 Sample Ave"),
            ])),
            "Nowhere" => Ok(Checked::Invalid {
                message: "Location is not geocoded".to_owned(),
            }),
            "Down" => Err(self.failed(Failure::Unknown)),
            street => Ok(Checked::Found(found(street))),
        }
    }

    async fn place(
        &self,
        number: &E164,
        _: &Address,
        located: &Located,
        _: Option<&Map<String, Value>>,
        reference: &str,
    ) -> Result<Placed, ProviderError> {
        let act = self.act("place");
        let mut located = located.clone();
        located
            .fields
            .insert("status".to_owned(), "PROVISIONED".into());
        let kept = Kept {
            fields: located.fields.clone(),
            reference: reference.to_owned(),
        };
        let mut lines = self.lines.lock().unwrap();
        let line = lines.entry(number.clone()).or_default();
        match act {
            Act::Works | Act::LostAfter => {
                *line = Line {
                    active: Some(kept),
                    ..Line::default()
                }
            }
            Act::Later | Act::Fails | Act::FailsBare => {
                line.coming = Some(kept);
                line.fails = (act != Act::Later).then_some(act);
            }
            Act::Refused | Act::LostBefore => {}
        }
        match act {
            Act::Works => Ok(Placed::Provisioned(located)),
            Act::Later | Act::Fails | Act::FailsBare => Ok(Placed::Pending(located)),
            Act::Refused => Err(self.failed(Failure::Refused)),
            Act::LostAfter | Act::LostBefore => Err(self.failed(Failure::Unknown)),
        }
    }

    async fn standing(
        &self,
        number: &E164,
        _: &Located,
        reference: &str,
    ) -> Result<Standing, ProviderError> {
        self.calls.lock().unwrap().push("standing".to_owned());
        if self.silences.lock().unwrap().pop_front() == Some(true) {
            return Err(self.failed(Failure::Unknown));
        }
        let mut lines = self.lines.lock().unwrap();
        let Some(line) = lines.get_mut(number) else {
            return Ok(Standing::Nothing);
        };
        let is_coming = |kept: &&Kept| kept.reference == reference;
        if let (Some(_), Some(how)) = (line.coming.as_ref().filter(is_coming), line.fails) {
            if how == Act::FailsBare {
                line.active = None;
            }
            return Ok(Standing::Failed {
                reason: "it came to nothing".to_owned(),
            });
        }
        if let Some(kept) = line.coming.take_if(|kept| kept.reference == reference) {
            line.active = Some(kept);
        }
        let kept = line.active.as_ref();
        Ok(match kept.filter(|kept| kept.reference == reference) {
            Some(kept) => Standing::Provisioned(Located {
                fields: kept.fields.clone(),
                keys: Map::new(),
            }),
            None => Standing::Nothing,
        })
    }

    async fn remove(
        &self,
        number: &E164,
        _: &Map<String, Value>,
    ) -> Result<Removal, ProviderError> {
        let act = self.act("remove");
        if matches!(act, Act::Works | Act::LostAfter) {
            self.lines.lock().unwrap().remove(number);
        }
        match act {
            Act::Works => Ok(Removal::Done),
            Act::Later | Act::Fails | Act::FailsBare => Ok(Removal::Open),
            Act::Refused => Err(self.failed(Failure::Refused)),
            Act::LostAfter | Act::LostBefore => Err(self.failed(Failure::Unknown)),
        }
    }
}
