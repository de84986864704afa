//! Where a number is, from data alone: no network, no clock, no state.
//!
//! [`Geodata`] is a table of about 287,000 prefixes of the whole world, made
//! of libphonenumber's geocoding, carrier and time-zone data by
//! `cargo xtask geodata` and embedded in the program; [`about`] is
//! libphonenumber's view of one number; [`cities`] turns the table round, from
//! a city to its prefixes; [`overlay`] holds what an operator loads besides.

mod about;
pub mod cities;
mod fold;
mod geodata;
pub mod overlay;
mod prefix_table;
mod split;

pub use about::{About, about, countries, international, is_country, parse};
pub use fold::{fold, same_name};
pub use geodata::{Geodata, Source};
pub use prefix_table::{Found, PrefixTable};
pub use split::{Place, same_state, split, state_code};
