//! Vendors, played: servers that speak the wire formats of carriers over real
//! HTTP, remember who owns what, and fail on command. For tests, demos and
//! benches; on loopback.
//!
//! A [`Vendor`] is what every carrier is inside: stock, orders, ownership. Each
//! file beside is one vendor's way to talk about that.

mod auth;
pub mod bandwidth2;
mod faults;
pub mod other;
mod serve;
mod tokens;
mod vendor;
pub mod vitelity;
pub mod voip_innovations;
mod xml;

pub use faults::{Fault, Faults};
pub use serve::{Simulator, Wire};
pub use tokens::Tokens;
pub use vendor::{Order, OrderState, Refusal, Vendor};
