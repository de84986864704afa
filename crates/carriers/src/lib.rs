//! Carriers: where numbers come from and go back to.
//!
//! What can be bought is an [`Offer`], and only a carrier makes one. Looking
//! for offers ([`Offers`]) and spending money ([`Orders`]) are two interfaces:
//! a search is handed the first, and spending with the second takes a [`Sent`],
//! which only the journal's commit makes.
//!
//! Each vendor is one file that speaks its wire format through
//! [`outside::http::Client`], which keeps the limits; the files know nothing of
//! accounts, states or the journal.

mod carrier;
mod filters;
mod in_house;
mod known;
mod label;
mod messaging;
mod offer;
mod order;
pub mod phonebook;
mod registry;
mod sandbox;
mod toll_free;
mod vendor;

pub use carrier::{Carrier, GiveBack, OwnStock};
pub use filters::{Filter, Filters, NumberKind};
pub use messaging::{Activation, Messages, Messaging};
pub use offer::{Cost, Offer, Offers, Query};
pub use order::{
    Hooks, JournalEntry, Notice, OrderId, Orders, Owned, OwnedPage, Placed, Purchase, Release,
    Sent, Standing, Verdict,
};
pub use outside::settings::Spending;
pub use outside::{BadSettings, CallError as CarrierError, Failure};
pub use registry::{Registry, UnknownCarrier};
pub use toll_free::{TollFree, WILDCARDS, is_toll_free, toll_free};
