//! Real area codes, each with its best-known rate center: the name as the
//! industry abbreviates it, and its LATA.

/// A rate center.
pub struct RateCenter {
    pub npa: u16,
    pub lata: &'static str,
    pub name: &'static str,
    pub state: &'static str,
}

const fn at(npa: u16, lata: &'static str, name: &'static str, state: &'static str) -> RateCenter {
    RateCenter {
        npa,
        lata,
        name,
        state,
    }
}

pub const RATE_CENTERS: [RateCenter; 32] = [
    at(201, "224", "HACKENSACK", "NJ"),
    at(202, "236", "WSHNGTNZN1", "DC"),
    at(206, "674", "SEATTLE", "WA"),
    at(212, "132", "NWYRCYZN01", "NY"),
    at(213, "730", "LSAN DA 01", "CA"),
    at(214, "552", "DALLAS", "TX"),
    at(215, "228", "PHLDLPHIA", "PA"),
    at(216, "320", "CLEVELAND", "OH"),
    at(303, "656", "DENVER", "CO"),
    at(305, "460", "MIAMI", "FL"),
    at(312, "358", "CHICAGO", "IL"),
    at(313, "340", "DETROITZN1", "MI"),
    at(314, "520", "SAINTLOUIS", "MO"),
    at(404, "438", "ATLANTA", "GA"),
    at(410, "238", "BALTIMORE", "MD"),
    at(412, "234", "PITTSBURGH", "PA"),
    at(415, "722", "SNFC CNTRL", "CA"),
    at(503, "672", "PORTLAND", "OR"),
    at(504, "490", "NEWORLEANS", "LA"),
    at(512, "558", "AUSTIN", "TX"),
    at(602, "666", "PHOENIX", "AZ"),
    at(612, "628", "TWINCITIES", "MN"),
    at(614, "324", "COLUMBUS", "OH"),
    at(615, "470", "NASHVILLE", "TN"),
    at(617, "128", "BOSTON", "MA"),
    at(619, "732", "SNDG SNDG", "CA"),
    at(702, "721", "LAS VEGAS", "NV"),
    at(704, "422", "CHARLOTTE", "NC"),
    at(713, "560", "HOUSTON", "TX"),
    at(801, "660", "SALT LAKE", "UT"),
    at(808, "834", "HONOLULU", "HI"),
    at(901, "468", "MEMPHIS", "TN"),
];
