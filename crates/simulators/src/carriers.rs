//! Every carrier that can be played, by name.

use crate::{
    Wire, bandwidth2, didww, other, simwood, telnyx, twilio, vitelity, voip_innovations, voxbone,
};

/// A carrier that can be played.
#[derive(Clone, Copy)]
pub struct Played {
    /// Its name in numberd's configuration.
    pub name: &'static str,
    /// How it talks.
    pub wire: Wire,
    /// The settings of `[carriers.NAME]` that it lets in: the credentials that
    /// it wants, and what its adapter needs besides.
    pub settings: &'static [(&'static str, &'static str)],
    /// Whether it sells certain numbers. One that doesn't can be asked for what
    /// is the customer's already, and be given that back.
    pub sells: bool,
}

/// All of them.
pub const CARRIERS: &[Played] = &[
    Played {
        name: "bandwidth2",
        wire: bandwidth2::WIRE,
        settings: &[
            ("account_id", bandwidth2::ACCOUNT),
            ("client_id", bandwidth2::CLIENT.0),
            ("client_secret", bandwidth2::CLIENT.1),
            ("site_id", "1001"),
        ],
        sells: true,
    },
    Played {
        name: "didww",
        wire: didww::WIRE,
        settings: &[("api_key", didww::API_KEY)],
        sells: true,
    },
    Played {
        name: "other",
        wire: other::WIRE,
        settings: &[("bearer_token", other::TOKEN)],
        sells: true,
    },
    Played {
        name: "simwood",
        wire: simwood::WIRE,
        settings: &[
            ("simwood_account_id", simwood::ACCOUNT),
            ("auth_username", simwood::LOGIN.0),
            ("auth_password", simwood::LOGIN.1),
        ],
        sells: true,
    },
    Played {
        name: "telnyx",
        wire: telnyx::WIRE,
        settings: &[("token", telnyx::TOKEN)],
        sells: true,
    },
    Played {
        name: "twilio",
        wire: twilio::WIRE,
        settings: &[
            ("account_sid", twilio::LOGIN.0),
            ("auth_token", twilio::LOGIN.1),
        ],
        sells: true,
    },
    Played {
        name: "vitelity",
        wire: vitelity::WIRE,
        settings: &[
            ("login", vitelity::LOGIN.0),
            ("pass", vitelity::LOGIN.1),
            ("routesip", "sip.example.com"),
        ],
        sells: true,
    },
    Played {
        name: "voip_innovations",
        wire: voip_innovations::WIRE,
        settings: &[
            ("login", voip_innovations::LOGIN.0),
            ("password", voip_innovations::LOGIN.1),
            ("endpoint_group", voip_innovations::ENDPOINT_GROUP),
        ],
        sells: true,
    },
    Played {
        name: "voxbone",
        wire: voxbone::WIRE,
        settings: &[
            ("api_username", voxbone::LOGIN.0),
            ("api_password", voxbone::LOGIN.1),
        ],
        sells: false,
    },
];

/// The carrier of this name, if it can be played.
pub fn played(name: &str) -> Option<&'static Played> {
    CARRIERS.iter().find(|carrier| carrier.name == name)
}
