//! `vitelity_cnam` against its simulator.

use serde_json::json;
use simulators::vitelity::{LOGIN, WIRE};

use crate::names::Kind;

const KIND: Kind = Kind {
    name: "vitelity_cnam",
    wire: WIRE,
    settings: || json!({"login": LOGIN.0, "pass": LOGIN.1}),
    secret: "pass",
    takes_back: false,
};

crate::names::contract!(KIND);
