//! Emergency addresses. A number claims only what a provider has confirmed.

use serde_json::{Map, Value};

use super::{Feature, is_served};
use crate::number::Number;

/// The confirmed address, as long as the document still asks for that one and
/// the number is in a state that can have one.
pub(super) fn kept(number: &Number) -> Option<Value> {
    let confirmed = number.features.get(&Feature::E911)?;
    let asked = number.public.get("e911")?;
    (is_served(number.state) && confirmed == asked).then(|| confirmed.clone())
}

/// The address that the document asks for and nobody has confirmed.
pub(super) fn unconfirmed(number: &Number) -> Option<&Map<String, Value>> {
    let asked = number.public.get("e911")?;
    let confirmed = number.features.get(&Feature::E911);
    if is_served(number.state) && confirmed != Some(asked) {
        asked.as_object().filter(|address| !address.is_empty())
    } else {
        None
    }
}
