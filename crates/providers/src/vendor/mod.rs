//! One file a vendor: its settings, its wire format, what its errors mean.

mod cnam_notifier;

pub use cnam_notifier::CnamNotifier;
