//! Vendors, played: servers that speak the wire formats of carriers and of those
//! who keep emergency addresses over real HTTP, remember who owns what, and fail on command. For tests, demos and
//! benches; on loopback.
//!
//! A [`Vendor`] is what every carrier is inside: stock, orders, ownership. Each
//! file beside is one vendor's way to talk about that.

mod auth;
pub mod bandwidth2;
pub mod dash_e911;
pub mod didww;
pub mod emergency;
mod faults;
pub mod gazetteer;
pub mod other;
mod played;
mod post;
mod serve;
pub mod simwood;
pub mod telnyx;
mod tokens;
pub mod twilio;
mod vendor;
pub mod vitelity;
pub mod voip_innovations;
pub mod voxbone;
mod xml;

pub use emergency::Emergency;
pub use faults::{Fault, Faults};
pub use played::{Carrier, Hooks, Played, Settings, VENDORS, played};
pub use post::Posted;
pub use serve::{Simulator, Wire};
pub use tokens::Tokens;
pub use vendor::{Hook, Order, OrderState, Refusal, Vendor};
