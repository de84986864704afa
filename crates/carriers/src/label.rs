//! Carriers that are only a name on numbers bought elsewhere by a person
//! (spec/integrations.md 3).

use numbers::carrier::CarrierName;

use crate::{Carrier, GiveBack};

/// A name without a service behind it.
pub struct Label {
    name: CarrierName,
}

impl Label {
    /// The label with this name.
    pub const fn new(name: CarrierName) -> Self {
        Self { name }
    }
}

impl Carrier for Label {
    fn name(&self) -> &CarrierName {
        &self.name
    }

    fn maximal_prefix_length(&self) -> Option<usize> {
        None
    }

    fn give_back(&self) -> GiveBack {
        GiveBack::ByHand
    }
}
