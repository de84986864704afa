//! `bandwidth_e911`, which speaks as `dash_e911` does.

use crate::dash_e911;
use crate::world::Kind;

const KIND: Kind = Kind {
    name: "bandwidth_e911",
    ..dash_e911::KIND
};

crate::contract!(KIND);
