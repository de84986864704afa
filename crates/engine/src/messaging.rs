//! Messages that are switched on and off by hand at a number's carrier
//! (spec/integrations.md 2.13): the event of the change says what to do.

use carriers::{Activation, Registry};
use numbers::carrier::CarrierName;
use numbers::feature::Feature;
use numbers::number::Number;

/// What a person has to do, and who, for what becomes of a number's messages.
pub(crate) fn by_hand(
    carriers: &Registry,
    before: Option<&Number>,
    after: Option<&Number>,
) -> Option<String> {
    let number = &after.or(before)?.id;
    let notes: Vec<String> = [Feature::Mms, Feature::Sms]
        .into_iter()
        .filter_map(|feature| {
            let (word, carrier) = match (has(before, feature), has(after, feature)) {
                (Some(carrier), None) => ("off", carrier),
                (before, Some(carrier)) if before != Some(carrier) => ("on", carrier),
                _ => return None,
            };
            let messages = carriers.messaging().get(carrier)?.of(feature)?;
            if messages.activation != Activation::Manual {
                return None;
            }
            let mut note = format!("switch {feature} {word} for {number} by hand at {carrier}");
            if !messages.activation_notify_to.is_empty() {
                note.push_str(": ");
                note.push_str(&messages.activation_notify_to.join(", "));
            }
            Some(note)
        })
        .collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// The carrier at which a feature is on.
fn has(number: Option<&Number>, feature: Feature) -> Option<&CarrierName> {
    let number = number?;
    let on = number.features.contains_key(&feature);
    on.then_some(&number.carrier)
}
