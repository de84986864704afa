//! Orders at carriers, as far as a number's record knows of them: which one it
//! waits for, and what it becomes (spec/integrations.md 8, rule 3).
//!
//! While an order is open the record belongs to the order: nobody else may
//! change it, and it is neither in service nor for sale.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::gregorian::GregorianSeconds;
use crate::number::Number;
use crate::state::State;

/// The order that a number waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOrder {
    /// Our id of it.
    pub id: String,
    /// The number's state when the order is done; `deleted`: the number is
    /// given back and its record goes.
    pub becomes: State,
}

/// The record while its purchase is open: the buyer's already, and not in
/// service. `planned` is the record that it shall become.
#[must_use]
pub fn awaiting_purchase(mut planned: Number, id: &str) -> Number {
    planned.order = Some(OpenOrder {
        id: id.to_owned(),
        becomes: planned.state,
    });
    planned.state = State::Discovery;
    planned
}

/// The record while the carrier takes the number back: nobody's, not for sale.
#[must_use]
pub fn awaiting_release(mut planned: Number, id: &str) -> Number {
    planned.order = Some(OpenOrder {
        id: id.to_owned(),
        becomes: State::Deleted,
    });
    planned.state = State::Released;
    planned.rests_until = None;
    planned
}

/// The record of a number that the carrier has sold us: as it was planned, with
/// what the carrier said of it. `None` when it doesn't wait for this order.
pub fn bought(
    waiting: &Number,
    id: &str,
    said: Map<String, Value>,
    now: GregorianSeconds,
) -> Option<Number> {
    let order = waiting.order.as_ref().filter(|order| order.id == id)?;
    let mut number = waiting.clone();
    number.state = order.becomes;
    number.order = None;
    number.carrier_data.extend(said);
    number.modified = now;
    Some(number)
}
