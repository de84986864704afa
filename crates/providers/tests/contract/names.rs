//! What every lister of caller names must do, tried with each against its
//! simulator.

use std::collections::BTreeMap;
use std::sync::Arc;

use providers::{CallerNameProvider, CallerNames, Failure, ProviderError, Providers, Wish};
use serde_json::{Value, json};
use simulators::{Fault, Simulator, Vendor, Wire};

use crate::echo::{ECHO, SECRET, assert_no_secret};
use crate::world::{NUMBER, number};

/// The tests that every provider has to pass, by its [`Kind`].
macro_rules! contract {
    ($kind:expr) => {
        #[tokio::test]
        async fn wishes_are_done_and_the_same_twice_is_one() {
            crate::names::setting($kind).await;
        }

        #[tokio::test]
        async fn what_may_have_been_done_is_unknown_and_can_be_wished_again() {
            crate::names::losing($kind).await;
        }

        #[tokio::test]
        async fn what_is_refused_is_refused() {
            crate::names::refusing($kind).await;
        }

        #[tokio::test]
        async fn a_secret_that_comes_back_is_in_no_error() {
            crate::names::echoing($kind).await;
        }

        #[tokio::test]
        async fn nothing_leaves_a_sandbox() {
            crate::names::sandboxed($kind).await;
        }
    };
}
pub(crate) use contract;

/// What differs from provider to provider.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// Its simulator's way to talk.
    pub wire: Wire,
    /// `[providers.NAME]` with the simulator's credentials, without `base_url`.
    pub settings: fn() -> Value,
    /// The setting that holds a secret, to be wrong once.
    pub secret: &'static str,
    /// Whether a name that is shown can be taken back without a person.
    pub takes_back: bool,
}

struct World {
    provider: Arc<dyn CallerNameProvider>,
    simulator: Simulator,
}

impl World {
    async fn with(kind: Kind, more: Value) -> Self {
        let vendor = Vendor::new([NUMBER.to_owned()]);
        vendor
            .order_at_once("", &[NUMBER.to_owned()])
            .expect("the number");
        let simulator = Simulator::start(kind.wire, Arc::new(vendor))
            .await
            .expect("a port");
        let mut settings = (kind.settings)();
        settings["base_url"] = json!(simulator.url());
        settings["allow_private_addresses"] = json!(true);
        let settings = settings.as_object_mut().expect("an object");
        settings.extend(more.as_object().cloned().unwrap_or_default());
        let blocks = BTreeMap::from([(kind.name.to_owned(), settings.clone())]);
        let providers = Providers::with_settings(blocks).expect("settings");
        Self {
            provider: providers.caller_names(kind.name).expect("the provider"),
            simulator,
        }
    }

    async fn set(&self, outbound: Option<&str>, inbound: bool) -> Result<Wish, ProviderError> {
        let wish = CallerNames {
            outbound: outbound.map(ToOwned::to_owned),
            inbound,
        };
        self.provider.set(&number(), &wish).await
    }

    fn listed(&self) -> (Option<String>, bool) {
        self.simulator.vendor.caller_names(NUMBER)
    }
}

pub async fn setting(kind: Kind) {
    let world = World::with(kind, json!({})).await;
    for (name, lookup) in [
        (Some("EXAMPLE BAKERY"), true),
        (Some("EXAMPLE BAKERY"), true),
        (Some("EXAMPLE & SON"), false),
        (None, true),
        (None, false),
        (None, false),
    ] {
        let wish = world.set(name, lookup).await;
        if name.is_none() && !kind.takes_back {
            assert_eq!(wish, Ok(Wish::ByHand));
            assert_eq!(world.listed().1, lookup);
            continue;
        }
        assert!(matches!(wish, Ok(Wish::Done | Wish::Open)), "{wish:?}");
        assert_eq!(world.listed(), (name.map(ToOwned::to_owned), lookup));
    }
}

pub async fn losing(kind: Kind) {
    for fault in Fault::LOST.into_iter().chain([Fault::Huge]) {
        let world = World::with(kind, json!({"timeout_ms": 250})).await;
        world.simulator.vendor.faults.script([fault]);
        let error = world.set(Some("EXAMPLE BAKERY"), true).await;
        let error = error.expect_err("no answer to rely on");
        assert_eq!(error.failure, Failure::Unknown, "{fault:?} {error:?}");
        assert!(error.reason.len() < 500, "{error}");
        world.set(Some("EXAMPLE BAKERY"), true).await.expect("done");
        assert_eq!(world.listed(), (Some("EXAMPLE BAKERY".to_owned()), true));
    }
}

pub async fn refusing(kind: Kind) {
    for fault in [Fault::Refuse, Fault::Unauthorized, Fault::TooMany] {
        let world = World::with(kind, json!({})).await;
        world.simulator.vendor.faults.script([fault]);
        let error = world.set(Some("EXAMPLE BAKERY"), true).await;
        let error = error.expect_err("refused");
        assert!(error.is_definite(), "{fault:?} {error:?}");
        assert_eq!(world.listed(), (None, false));
    }
    let world = World::with(kind, json!({kind.secret: "wrong"})).await;
    let error = world.set(None, false).await.expect_err("refused");
    assert!(
        error.is_definite() && !error.to_string().contains("wrong"),
        "{error}"
    );
}

pub async fn echoing(kind: Kind) {
    let kind = Kind { wire: ECHO, ..kind };
    let world = World::with(kind, json!({kind.secret: SECRET})).await;
    let told = world.set(Some("EXAMPLE BAKERY"), true).await;
    assert_no_secret(&told.expect_err("refused").to_string());
}

pub async fn sandboxed(kind: Kind) {
    let world = World::with(kind, json!({"sandbox": true})).await;
    assert!(world.provider.sandbox());
    assert_eq!(
        world.set(Some("EXAMPLE BAKERY"), true).await,
        Ok(Wish::Done)
    );
    assert_eq!(world.simulator.vendor.requests(), 0);
}
