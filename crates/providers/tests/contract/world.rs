//! One keeper of emergency addresses and its simulator, and what must hold of
//! the two.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use numbers::e164::E164;
use outside::xml::escaped;
use providers::{
    Address, Checked, EmergencyProvider, Failure, Located, Placed, ProviderError, Providers,
    Removal, Standing,
};
use serde_json::{Map, Value, json};
use simulators::{Fault, Simulator, Vendor, Wire};

use crate::echo::{ECHO, SECRET, assert_no_secret};

/// What differs from provider to provider.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// Its simulator's way to talk.
    pub wire: Wire,
    /// `[providers.NAME]` with the simulator's credentials, without `base_url`.
    pub settings: fn() -> Value,
    /// The settings that it can't do without.
    pub needs: &'static [&'static str],
    /// How many candidates it lists of an address that exists twice.
    pub candidates: usize,
    /// The setting that holds a secret, to be wrong once.
    pub secret: &'static str,
    /// Whether the vendor itself wants an old address to go first.
    pub has_gaps: bool,
}

/// A provider and its simulator.
pub struct World {
    pub provider: Arc<dyn EmergencyProvider>,
    name: &'static str,
    settings: Map<String, Value>,
    simulator: Simulator,
    /// Placements so far: each has a reference of its own.
    placements: AtomicUsize,
}

pub const NUMBER: &str = "+14155550101";

impl World {
    pub async fn new(kind: Kind) -> Self {
        Self::with(kind, json!({})).await
    }

    pub async fn with(kind: Kind, more: Value) -> Self {
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
        settings["timeout_ms"] = json!(5000);
        let settings = settings.as_object_mut().expect("an object");
        settings.extend(more.as_object().cloned().unwrap_or_default());
        Self {
            provider: started(kind.name, settings),
            name: kind.name,
            settings: settings.clone(),
            simulator,
            placements: AtomicUsize::new(0),
        }
    }

    /// As if numberd were started anew: nothing is known of what failed.
    pub fn restart(&mut self) {
        self.provider = started(self.name, &self.settings);
    }

    fn reference(&self) -> String {
        format!("reference-{}", self.placements.load(Ordering::Relaxed))
    }

    pub fn vendor(&self) -> &Vendor {
        &self.simulator.vendor
    }

    /// A URL of the simulator's.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.url())
    }

    pub async fn check(&self, address: &Address) -> Checked {
        self.provider.check(address).await.expect("an answer")
    }

    /// What is found for an address that there is once.
    pub async fn find(&self, address: &Address) -> Located {
        match self.check(address).await {
            Checked::Found(located) => located,
            other => panic!("{other:?}"),
        }
    }

    pub async fn try_place(
        &self,
        address: &Address,
        located: &Located,
        previous: Option<&Located>,
    ) -> Result<Placed, ProviderError> {
        let keys = previous.map(|previous| &previous.keys);
        self.placements.fetch_add(1, Ordering::Relaxed);
        let (number, reference) = (number(), self.reference());
        self.provider
            .place(&number, address, located, keys, &reference)
            .await
    }

    /// Places an address and asks until it is in force.
    pub async fn place(&self, address: &Address, previous: Option<&Located>) -> Located {
        let located = self.find(address).await;
        let placed = self.try_place(address, &located, previous).await;
        match placed.expect("placed") {
            Placed::Provisioned(located) => located,
            Placed::Pending(located) => self.settle(located).await,
        }
    }

    pub async fn settle(&self, located: Located) -> Located {
        for _ in 0..10 {
            match self.standing(&located).await {
                Standing::Provisioned(located) => return located,
                Standing::Pending(_) | Standing::Nothing => {}
                Standing::Failed { reason } => panic!("{reason}"),
            }
        }
        panic!("it never gets in force");
    }

    pub async fn standing(&self, located: &Located) -> Standing {
        self.try_standing(located).await.expect("a standing")
    }

    pub async fn try_standing(&self, located: &Located) -> Result<Standing, ProviderError> {
        let (number, reference) = (number(), self.reference());
        self.provider.standing(&number, located, &reference).await
    }

    pub async fn try_remove(&self, keys: &Map<String, Value>) -> Result<Removal, ProviderError> {
        self.provider.remove(&number(), keys).await
    }

    pub async fn remove(&self, keys: &Map<String, Value>) {
        for _ in 0..10 {
            if self.try_remove(keys).await.expect("an answer") == Removal::Done {
                return;
            }
        }
        panic!("it never goes");
    }

    /// Where the simulator sends help to.
    pub fn in_force(&self) -> Option<String> {
        let kept = self.vendor().emergency.in_force(NUMBER)?;
        Some(kept.place.address.street)
    }
}

fn started(name: &str, settings: &Map<String, Value>) -> Arc<dyn EmergencyProvider> {
    let blocks = BTreeMap::from([(name.to_owned(), settings.clone())]);
    let providers = Providers::with_settings(blocks).expect("settings");
    providers.emergency(name).expect("the provider")
}

pub fn number() -> E164 {
    NUMBER.parse().expect("a number")
}

pub fn address(street: &str) -> Address {
    Address {
        caller_name: "Example Bakery".to_owned(),
        street_address: street.to_owned(),
        extended_address: Some("Suite 3".to_owned()),
        locality: "San Rafael".to_owned(),
        region: "CA".to_owned(),
        postal_code: "94901".to_owned(),
        location_id: None,
    }
}

/// The address of found fields, as a client sends it back.
fn sent_back(fields: &Map<String, Value>) -> Address {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    Address {
        caller_name: text("caller_name").expect("a name").to_owned(),
        street_address: text("street_address").expect("a street").to_owned(),
        extended_address: text("extended_address").map(ToOwned::to_owned),
        locality: text("locality").expect("a city").to_owned(),
        region: text("region").expect("a state").to_owned(),
        postal_code: text("postal_code").expect("a ZIP code").to_owned(),
        location_id: text("location_id").map(ToOwned::to_owned),
    }
}

fn street(located: &Located) -> &str {
    located.fields["street_address"].as_str().expect("a street")
}

const MARINA: &str = "301 Marina Blvd.";
const LINCOLN: &str = "1000 Lincoln Avenue";

pub async fn checking(kind: Kind) {
    let world = World::new(kind).await;
    let located = world.find(&address(MARINA)).await;
    assert_eq!(street(&located), "301 MARINA BLVD");
    assert_eq!(located.fields["caller_name"], "Example Bakery");
    assert_eq!(
        located
            .fields
            .get("status")
            .filter(|s| **s == "PROVISIONED"),
        None
    );
    assert_eq!(world.vendor().emergency.all(None), []);
    assert_eq!(world.in_force(), None);
}

pub async fn choosing(kind: Kind) {
    let world = World::new(kind).await;
    let asked = address("12 Sample");
    if kind.candidates == 0 {
        let checked = world.check(&asked).await;
        assert!(matches!(checked, Checked::Invalid { .. }), "{checked:?}");
        return;
    }
    let Checked::Several(candidates) = world.check(&asked).await else {
        panic!("it exists twice");
    };
    let streets: Vec<&str> = candidates.iter().map(street).collect();
    assert_eq!(
        streets,
        ["12 SAMPLE ST", "12 SAMPLE AVE"][..kind.candidates]
    );
    for candidate in &candidates {
        assert_eq!(candidate.fields["caller_name"], "Example Bakery");
        // Sent back as it was listed, it is the one.
        let again = world.find(&sent_back(&candidate.fields)).await;
        assert_eq!(street(&again), street(candidate));
        // Or by its id alone.
        if let Some(id) = candidate.fields.get("location_id").and_then(Value::as_str) {
            let chosen = Address {
                location_id: Some(id.to_owned()),
                ..asked.clone()
            };
            let again = world.find(&chosen).await;
            assert_eq!(street(&again), street(candidate));
        }
    }
    // An id from elsewhere chooses nothing.
    let elsewhere = Address {
        location_id: Some("1".to_owned()),
        ..asked
    };
    let checked = world.check(&elsewhere).await;
    assert!(matches!(checked, Checked::Several(_)), "{checked:?}");
    let last = candidates.last().expect("one");
    world.place(&sent_back(&last.fields), None).await;
    assert_eq!(world.in_force().as_deref(), Some(street(last)));
}

pub async fn invalid(kind: Kind) {
    let world = World::new(kind).await;
    for street in ["1 Nowhere Ln", "Marina Blvd"] {
        match world.check(&address(street)).await {
            Checked::Invalid { message } => assert!(!message.is_empty()),
            other => panic!("{other:?}"),
        }
    }
}

pub async fn placing(kind: Kind) {
    let world = World::new(kind).await;
    let located = world.place(&address(MARINA), None).await;
    assert_eq!(street(&located), "301 MARINA BLVD");
    assert_eq!(located.fields["status"], "PROVISIONED");
    assert_eq!(world.in_force().as_deref(), Some("301 MARINA BLVD"));
    let kept = world.vendor().emergency.in_force(NUMBER).expect("kept");
    assert_eq!(kept.caller_name.to_uppercase(), "EXAMPLE BAKERY");
    assert_eq!(kept.place.address.second, "STE 3");
    let standing = world.standing(&located).await;
    let Standing::Provisioned(again) = standing else {
        panic!("{standing:?}");
    };
    assert_eq!(street(&again), "301 MARINA BLVD");
}

pub async fn pending(kind: Kind) {
    let world = World::new(kind).await;
    world.vendor().emergency.set_patience(2);
    let asked = address(MARINA);
    let located = world.find(&asked).await;
    let placed = world.try_place(&asked, &located, None).await;
    match placed.expect("placed") {
        Placed::Pending(located) => {
            assert_ne!(located.fields.get("status"), Some(&json!("PROVISIONED")));
            assert_eq!(world.in_force(), None);
            let located = world.settle(located).await;
            assert_eq!(located.fields["status"], "PROVISIONED");
        }
        // Who waits for it may say so.
        Placed::Provisioned(_) => {}
    }
    assert_eq!(world.in_force().as_deref(), Some("301 MARINA BLVD"));
}

pub async fn changing(kind: Kind) {
    let world = World::new(kind).await;
    let mut located = world.place(&address(MARINA), None).await;
    // More often than one number may have addresses.
    for street in [LINCOLN, MARINA, LINCOLN, MARINA, LINCOLN] {
        located = world.place(&address(street), Some(&located)).await;
    }
    assert_eq!(world.in_force().as_deref(), Some("1000 LINCOLN AVE"));
    if !kind.has_gaps {
        assert_eq!(world.vendor().emergency.times_bared(NUMBER), 0);
    }
    assert_eq!(world.vendor().emergency.all(None).len(), 1);
    // The same place under another name is another address.
    let renamed = Address {
        caller_name: "Example Cinema".to_owned(),
        ..address(LINCOLN)
    };
    let before = located.clone();
    let located = world.place(&renamed, Some(&located)).await;
    let kept = world.vendor().emergency.in_force(NUMBER).expect("kept");
    assert_eq!(kept.caller_name.to_uppercase(), "EXAMPLE CINEMA");
    assert_eq!(world.standing(&before).await, Standing::Nothing);
    world.remove(&located.keys).await;
}

pub async fn refusing(kind: Kind) {
    for fault in [Fault::Refuse, Fault::TooMany, Fault::Unauthorized] {
        for call in 0..3 {
            let world = World::new(kind).await;
            let before = world.place(&address(MARINA), None).await;
            let asked = address(LINCOLN);
            let located = world.find(&asked).await;
            world.vendor().faults.script_after(call, fault);
            match world.try_place(&asked, &located, Some(&before)).await {
                Err(error) => {
                    assert!(error.is_definite(), "{fault:?} {call} {error:?}");
                    assert_eq!(world.in_force().as_deref(), Some("301 MARINA BLVD"));
                    world.vendor().faults.stop();
                    assert_eq!(world.standing(&located).await, Standing::Nothing);
                }
                // It hit what is cleaned up afterwards.
                Ok(Placed::Provisioned(_)) => {
                    assert_eq!(world.in_force().as_deref(), Some("1000 LINCOLN AVE"));
                }
                Ok(Placed::Pending(located)) => {
                    world.vendor().faults.stop();
                    world.settle(located).await;
                    assert_eq!(world.in_force().as_deref(), Some("1000 LINCOLN AVE"));
                }
            }
            if !kind.has_gaps {
                assert_eq!(world.vendor().emergency.times_bared(NUMBER), 0);
            }
        }
    }
}

pub async fn losing(kind: Kind) {
    for fault in Fault::LOST {
        for call in 0..3 {
            let world = World::with(kind, json!({"timeout_ms": 250})).await;
            let asked = address(MARINA);
            let located = world.find(&asked).await;
            world.vendor().faults.script_after(call, fault);
            match world.try_place(&asked, &located, None).await {
                Ok(Placed::Provisioned(_)) => {}
                // It was taken, and what became of it wasn't told.
                Ok(Placed::Pending(located)) => {
                    world.vendor().faults.stop();
                    world.settle(located).await;
                }
                Err(error) => {
                    assert_eq!(
                        error.failure,
                        Failure::Unknown,
                        "{fault:?} {call} {error:?}"
                    );
                    world.vendor().faults.stop();
                    let standing = world.standing(&located).await;
                    let knows = matches!(standing, Standing::Provisioned(_));
                    assert_eq!(knows, world.in_force().is_some(), "{fault:?} {call}");
                    // What isn't there can be placed again.
                    if !knows {
                        world.place(&asked, None).await;
                    }
                }
            }
            assert_eq!(world.in_force().as_deref(), Some("301 MARINA BLVD"));
        }
    }
}

pub async fn removing(kind: Kind) {
    let world = World::new(kind).await;
    let located = world.place(&address(MARINA), None).await;
    world.remove(&located.keys).await;
    assert_eq!(world.in_force(), None);
    assert_eq!(world.vendor().emergency.all(None), []);
    assert_eq!(world.standing(&located).await, Standing::Nothing);
    // Gone is removed, with or without what was known of it.
    world.remove(&located.keys).await;
    world.remove(&Map::new()).await;
}

pub async fn failing_removals(kind: Kind) {
    let faults = [
        Fault::Refuse,
        Fault::Unavailable,
        Fault::Unauthorized,
        Fault::ErrorBefore,
    ];
    for fault in faults.into_iter().chain(Fault::LOST) {
        let world = World::with(kind, json!({"timeout_ms": 250})).await;
        let located = world.place(&address(MARINA), None).await;
        // Each question is asked twice.
        world.vendor().faults.script([fault, fault]);
        let removed = world.try_remove(&located.keys).await;
        if removed == Ok(Removal::Done) {
            assert_eq!(world.in_force(), None, "{fault:?}: it only said so");
        }
        world.vendor().faults.stop();
        world.remove(&located.keys).await;
        assert_eq!(world.in_force(), None, "{fault:?}");
        assert_eq!(world.vendor().emergency.all(None), [], "{fault:?}");
    }
}

pub async fn hostile(kind: Kind) {
    let faults = [
        Fault::Huge,
        Fault::Unauthorized,
        Fault::Unavailable,
        Fault::ErrorBefore,
    ];
    for fault in faults.into_iter().chain(Fault::LOST) {
        let world = World::with(kind, json!({"timeout_ms": 250})).await;
        world.vendor().faults.script([fault, fault]);
        let checked = world.provider.check(&address(MARINA)).await;
        let error = checked.expect_err("no answer to rely on");
        assert_eq!(error.service.name(), kind.name);
        assert!(error.reason.len() < 500, "{error}");
    }
}

pub async fn unauthorized(kind: Kind) {
    let world = World::with(kind, json!({kind.secret: "wrong"})).await;
    let error = world.provider.check(&address(MARINA)).await;
    let error = error.expect_err("refused");
    assert_eq!(error.failure, Failure::Refused, "{error:?}");
    assert!(!error.to_string().contains("wrong"), "{error}");
}

pub async fn foreign(kind: Kind) {
    let world = World::new(kind).await;
    let asked = address(MARINA);
    let located = world.find(&asked).await;
    let requests = world.vendor().requests();
    let london: E164 = "+442079460000".parse().expect("a number");
    let placed = world.provider.place(&london, &asked, &located, None, "r");
    let error = placed.await.expect_err("refused");
    assert_eq!(error.failure, Failure::NotSent);
    assert_eq!(world.vendor().requests(), requests);
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub async fn logging(kind: Kind) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // On this thread, which is the only one that a test has.
    let guard = tracing::subscriber::set_default(subscriber);
    let world = World::new(kind).await;
    let located = world.place(&address(MARINA), None).await;
    world.remove(&located.keys).await;
    drop(guard);
    let log = String::from_utf8(log.0.lock().expect("the log").clone()).expect("text");
    assert!(log.contains("answer of a service"), "{log}");
    let settings = (kind.settings)();
    let secret = settings[kind.secret].as_str().expect("a secret");
    let in_forms: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    for secret in [secret, &in_forms, &escaped(secret)] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

pub async fn echoing(kind: Kind) {
    let kind = Kind { wire: ECHO, ..kind };
    let world = World::with(kind, json!({kind.secret: SECRET})).await;
    let told = world.provider.check(&address(MARINA)).await;
    assert_no_secret(&told.expect_err("refused").to_string());
}

pub async fn sandboxed(kind: Kind) {
    let real = World::new(kind).await;
    let in_force = real.place(&address(MARINA), None).await;
    let world = World::with(kind, json!({"sandbox": true})).await;
    assert!(world.provider.sandbox() && !real.provider.sandbox());
    let asked = address(LINCOLN);
    let located = world.find(&asked).await;
    let placed = world.try_place(&asked, &located, None).await;
    let Ok(Placed::Provisioned(shown)) = placed else {
        panic!("{placed:?}");
    };
    assert_eq!(street(&shown), LINCOLN, "as it was asked for");
    assert_eq!(
        shown.fields["comments"],
        "sandbox: not sent to any provider"
    );
    assert_eq!(
        shown.fields.get("status"),
        None,
        "nobody said that it is in force"
    );
    assert_eq!(world.try_remove(&shown.keys).await, Ok(Removal::Done));
    // What was placed for real can't be played away.
    for refused in [
        world.try_remove(&in_force.keys).await.map(|_| ()),
        world
            .try_place(&asked, &located, Some(&in_force))
            .await
            .map(|_| ()),
    ] {
        let error = refused.expect_err("it is in force");
        assert_eq!(error.failure, Failure::NotSent);
    }
    assert_eq!(world.vendor().requests(), 0);
    // Nor does anything leave where provisioning is off and nothing is played.
    let off = json!({"enable_provisioning": false});
    let world = World::with(kind, off).await;
    let error = world.provider.check(&asked).await.expect_err("refused");
    assert_eq!(error.failure, Failure::NotSent);
    assert_eq!(world.vendor().requests(), 0);
}

pub fn incomplete(kind: Kind) {
    for key in kind.needs {
        let mut settings = (kind.settings)();
        let settings = settings.as_object_mut().expect("an object");
        settings.remove(*key);
        let blocks = BTreeMap::from([(kind.name.to_owned(), settings.clone())]);
        let problem = Providers::with_settings(blocks).err().expect("incomplete");
        let problem = problem.to_string();
        assert!(problem.contains(key), "{problem}");
        assert!(
            problem.contains(&format!("[providers.{}]", kind.name)),
            "{problem}"
        );
    }
}
