//! What every carrier is.

use numbers::carrier::CarrierName;

use crate::{Hooks, Offers, Orders};
use outside::settings::Spending;

/// One carrier, as the number manager sees it.
pub trait Carrier: Send + Sync {
    /// Its name in configuration, records and answers.
    fn name(&self) -> &CarrierName;

    /// The longest prefix that it searches by, in digits after the country
    /// code; `None`: it isn't searched at all (spec/life.md 4).
    fn maximal_prefix_length(&self) -> Option<usize>;

    /// Which part of our own stock counts as this carrier's.
    fn stock(&self) -> OwnStock {
        OwnStock::None
    }

    /// Where it looks outside; `None`: it doesn't.
    fn offers(&self) -> Option<&dyn Offers> {
        None
    }

    /// Where it spends and gives back outside; `None`: it can't.
    fn orders(&self) -> Option<&dyn Orders> {
        None
    }

    /// Whether its orders and releases are made, played or refused.
    fn spending(&self) -> Spending {
        Spending::Allowed
    }

    /// How it calls us when an order moves; `None`: it doesn't.
    fn hooks(&self) -> Option<&dyn Hooks> {
        None
    }

    /// What has to happen when a number of this carrier has no owner any more.
    fn give_back(&self) -> GiveBack {
        match self.orders() {
            Some(_) => GiveBack::ByOrder,
            None => GiveBack::Nothing,
        }
    }
}

/// Which part of our own stock counts as a carrier's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnStock {
    /// None of it.
    None,
    /// Available numbers of this carrier, for anybody.
    Available,
    /// Available numbers of this carrier that were made for the account that
    /// searches, or for its reseller.
    Pool,
    /// Numbers that the account itself holds reserved.
    Reserved,
    /// Numbers that its reseller holds reserved.
    ReservedByReseller,
}

/// What has to happen when a number has no owner any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveBack {
    /// Nothing: the number stays with us.
    Nothing,
    /// A person must give it back at the vendor's (spec/integrations.md 3).
    ByHand,
    /// [`Orders::release`].
    ByOrder,
}
