//! What an event tells besides the number before and after. Stores keep it as
//! one text: a sentence for a person as it is, anything more as JSON.

use numbers::e164::E164;
use numbers::event::Action;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Batch, Operation};

/// What an event tells besides the number before and after.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventNote {
    /// What an operator has to know; for administrators.
    #[serde(rename = "note", default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The emergency address as it was asked for, where the change is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_address: Option<Map<String, Value>>,
    /// What was told of an emergency call.
    #[serde(skip)]
    pub call: Option<Map<String, Value>>,
}

impl EventNote {
    /// The note of an event of this action, as it is stored.
    pub fn of(action: Action, stored: Option<&str>) -> Self {
        let Some(stored) = stored else {
            return Self::default();
        };
        if action == Action::EmergencyCalled {
            return Self {
                call: serde_json::from_str(stored).ok(),
                ..Self::default()
            };
        }
        serde_json::from_str(stored).unwrap_or_else(|_| Self {
            text: Some(stored.to_owned()),
            ..Self::default()
        })
    }

    /// A sentence, and the address that was asked for, as they are stored.
    pub(crate) fn stored(text: Option<String>, asked: &Map<String, Value>) -> String {
        let note = Self {
            text,
            asked_address: Some(asked.clone()),
            call: None,
        };
        serde_json::json!(note).to_string()
    }
}

/// Adds to a number's event in a batch which emergency address was asked for.
pub(crate) fn with_asked(mut batch: Batch, key: &E164, asked: &Map<String, Value>) -> Batch {
    for operation in &mut batch.operations {
        if let Operation::ChangeNumber(change) = operation
            && change.key() == key
        {
            change.note = Some(EventNote::stored(change.note.take(), asked));
        }
    }
    batch
}
