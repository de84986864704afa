//! Carriers that are only a part of our own stock (spec/numbers.md 10).

use numbers::carrier::CarrierName;

use crate::{Carrier, OwnStock};

/// A carrier without anybody outside.
pub struct InHouse {
    name: CarrierName,
    maximal_prefix_length: Option<usize>,
    stock: OwnStock,
}

impl InHouse {
    /// Every carrier of this kind, with its longest prefix (spec/life.md 4).
    pub fn all() -> impl Iterator<Item = Self> {
        [
            ("local", Some(10), OwnStock::Available),
            ("inventory", Some(10), OwnStock::Available),
            ("managed", Some(15), OwnStock::Pool),
            ("inum", Some(15), OwnStock::Pool),
            ("reserved", Some(10), OwnStock::Reserved),
            ("reserved_reseller", Some(10), OwnStock::ReservedByReseller),
            ("mdn", None, OwnStock::None),
        ]
        .into_iter()
        .map(|(name, maximal_prefix_length, stock)| Self {
            name: CarrierName::new(name),
            maximal_prefix_length,
            stock,
        })
    }
}

impl Carrier for InHouse {
    fn name(&self) -> &CarrierName {
        &self.name
    }

    fn maximal_prefix_length(&self) -> Option<usize> {
        self.maximal_prefix_length
    }

    fn stock(&self) -> OwnStock {
        self.stock
    }
}
