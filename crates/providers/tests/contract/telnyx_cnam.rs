//! `telnyx_cnam` against its simulator.

use serde_json::json;
use simulators::telnyx::{TOKEN, WIRE};

use crate::names::Kind;

const KIND: Kind = Kind {
    name: "telnyx_cnam",
    wire: WIRE,
    settings: || json!({"token": TOKEN}),
    secret: "token",
    takes_back: true,
};

crate::names::contract!(KIND);
