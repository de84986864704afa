//! `vitelity_e911` against its simulator.

use serde_json::json;
use simulators::vitelity::{LOGIN, WIRE};

use crate::world::Kind;

const KIND: Kind = Kind {
    name: "vitelity_e911",
    wire: WIRE,
    settings: || json!({"login": LOGIN.0, "pass": LOGIN.1}),
    needs: &["login", "pass"],
    candidates: 0,
    secret: "pass",
    has_gaps: false,
};

crate::contract!(KIND);
