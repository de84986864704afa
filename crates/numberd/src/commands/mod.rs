//! The commands, one file each.

pub mod account;
pub mod backup;
pub mod carrier;
pub mod check;
pub mod copy;
pub mod data;
pub mod e911;
pub mod events;
pub mod export;
pub mod fix;
pub mod import;
pub mod lookup;
pub mod migrate;
pub mod number;
pub mod order;
pub mod pages;
pub mod serve;
pub mod simulate;
pub mod user;

/// How many records are read at once.
const PAGE: usize = 1000;
