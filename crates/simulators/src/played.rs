//! Every vendor that can be played, by name.

use crate::{
    Hook, Order, Wire, bandwidth2, dash_e911, didww, other, simwood, telnyx, twilio, vitelity,
    voip_innovations, voxbone,
};

/// Settings of one block of numberd's configuration, by key.
pub type Settings = &'static [(&'static str, &'static str)];

/// A vendor that can be played.
#[derive(Clone, Copy)]
pub struct Played {
    /// Its name.
    pub name: &'static str,
    /// How it talks.
    pub wire: Wire,
    /// What it is as a carrier; `None`: it deals in no numbers.
    pub carrier: Option<Carrier>,
    /// What it is as a provider: the name of each in numberd's configuration,
    /// and the settings of `[providers.NAME]` that it lets in.
    pub providers: &'static [(&'static str, Settings)],
}

/// What a vendor is as a carrier.
#[derive(Clone, Copy)]
pub struct Carrier {
    /// The settings of `[carriers.NAME]` that it lets in: the credentials that
    /// it wants, and what its adapter needs besides.
    pub settings: Settings,
    /// Whether it sells certain numbers. One that doesn't can be asked for what
    /// is the customer's already, and be given that back.
    pub sells: bool,
    /// What it posts when an order is done; `None`: it can only be asked.
    pub hooks: Option<Hooks>,
}

/// How a carrier tells that an order is done.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// The settings of `[carriers.NAME]` that let numberd believe it.
    pub settings: Settings,
    /// What it posts.
    pub hook: fn(&Order) -> Hook,
}

const TWILIO_LOGIN: Settings = &[
    ("account_sid", twilio::LOGIN.0),
    ("auth_token", twilio::LOGIN.1),
];
const VITELITY_LOGIN: Settings = &[("login", vitelity::LOGIN.0), ("pass", vitelity::LOGIN.1)];

/// All of them.
pub const VENDORS: &[Played] = &[
    Played {
        name: "bandwidth2",
        wire: bandwidth2::WIRE,
        carrier: Some(Carrier {
            settings: &[
                ("account_id", bandwidth2::ACCOUNT),
                ("client_id", bandwidth2::CLIENT.0),
                ("client_secret", bandwidth2::CLIENT.1),
                ("site_id", "1001"),
            ],
            sells: true,
            hooks: Some(Hooks {
                settings: &[
                    ("webhook_username", bandwidth2::WEBHOOK.0),
                    ("webhook_password", bandwidth2::WEBHOOK.1),
                ],
                hook: bandwidth2::done,
            }),
        }),
        providers: &[],
    },
    Played {
        name: "dash_e911",
        wire: dash_e911::WIRE,
        carrier: None,
        providers: &[(
            "dash_e911",
            &[
                ("auth_username", dash_e911::LOGIN.0),
                ("auth_password", dash_e911::LOGIN.1),
            ],
        )],
    },
    sells("didww", didww::WIRE, &[("api_key", didww::API_KEY)]),
    sells("other", other::WIRE, &[("bearer_token", other::TOKEN)]),
    sells(
        "simwood",
        simwood::WIRE,
        &[
            ("simwood_account_id", simwood::ACCOUNT),
            ("auth_username", simwood::LOGIN.0),
            ("auth_password", simwood::LOGIN.1),
        ],
    ),
    Played {
        name: "telnyx",
        wire: telnyx::WIRE,
        carrier: Some(Carrier {
            settings: &[("token", telnyx::TOKEN)],
            sells: true,
            hooks: Some(Hooks {
                settings: &[("public_key", telnyx::PUBLIC_KEY)],
                hook: telnyx::done,
            }),
        }),
        providers: &[
            ("telnyx_e911", &[("token", telnyx::TOKEN)]),
            ("telnyx_cnam", &[("token", telnyx::TOKEN)]),
        ],
    },
    Played {
        providers: &[("twilio_e911", TWILIO_LOGIN)],
        ..sells("twilio", twilio::WIRE, TWILIO_LOGIN)
    },
    Played {
        providers: &[
            ("vitelity_e911", VITELITY_LOGIN),
            ("vitelity_cnam", VITELITY_LOGIN),
        ],
        ..sells(
            "vitelity",
            vitelity::WIRE,
            &[
                ("login", vitelity::LOGIN.0),
                ("pass", vitelity::LOGIN.1),
                ("routesip", "sip.example.com"),
            ],
        )
    },
    sells(
        "voip_innovations",
        voip_innovations::WIRE,
        &[
            ("login", voip_innovations::LOGIN.0),
            ("password", voip_innovations::LOGIN.1),
            ("endpoint_group", voip_innovations::ENDPOINT_GROUP),
        ],
    ),
    Played {
        name: "voxbone",
        wire: voxbone::WIRE,
        carrier: Some(Carrier {
            settings: &[
                ("api_username", voxbone::LOGIN.0),
                ("api_password", voxbone::LOGIN.1),
            ],
            sells: false,
            hooks: None,
        }),
        providers: &[],
    },
];

/// A carrier that sells numbers, and is nothing else.
const fn sells(name: &'static str, wire: Wire, settings: Settings) -> Played {
    Played {
        name,
        wire,
        carrier: Some(Carrier {
            settings,
            sells: true,
            hooks: None,
        }),
        providers: &[],
    }
}

/// The vendor of this name, if it can be played.
pub fn played(name: &str) -> Option<&'static Played> {
    VENDORS.iter().find(|vendor| vendor.name == name)
}
