//! One vendor and its simulator, and what must hold of the two.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::io::Write;
use std::sync::{Arc, Mutex};

use carriers::{
    Carrier, CarrierError, Failure, JournalEntry, Offer, OrderId, Owned, Placed, Purchase, Query,
    Registry, Release, Sent, Standing, Verdict,
};
use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use outside::xml::escaped;
use serde_json::{Map, Value, json};
use simulators::{Fault, Simulator, Vendor, Wire};

/// What differs from vendor to vendor.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// Its simulator's way to talk.
    pub wire: Wire,
    /// `[carriers.NAME]` with the simulator's credentials, without `base_url`.
    pub settings: fn() -> Value,
    /// The setting that holds a secret, to be wrong once.
    pub secret: &'static str,
    /// Whether it lists what is ours.
    pub lists_owned: bool,
    /// Whether it can be asked for orders by our reference, or for owned
    /// numbers, so that lost answers can be settled.
    pub settles: bool,
}

/// A vendor's file and its simulator.
pub struct World {
    registry: Registry,
    settings: BTreeMap<String, Map<String, Value>>,
    name: CarrierName,
    simulator: Simulator,
}

const STOCK: [&str; 6] = [
    "+14155550101",
    "+14155550102",
    "+14155550103",
    "+14155550104",
    "+14155550105",
    "+12125550199",
];

impl World {
    pub async fn new(kind: Kind) -> Self {
        Self::with(kind, json!({})).await
    }

    pub async fn with(kind: Kind, more: Value) -> Self {
        let vendor = Vendor::new(STOCK.map(str::to_owned));
        let simulator = Simulator::start(kind.wire, Arc::new(vendor))
            .await
            .expect("a port");
        let mut settings = (kind.settings)();
        settings["base_url"] = json!(simulator.url());
        settings["allow_private_addresses"] = json!(true);
        settings["timeout_ms"] = json!(2000);
        let settings = settings.as_object_mut().expect("an object");
        settings.extend(more.as_object().cloned().unwrap_or_default());
        let settings = BTreeMap::from([(kind.name.to_owned(), settings.clone())]);
        Self {
            registry: Registry::with_settings(settings.clone()).expect("settings"),
            settings,
            name: CarrierName::new(kind.name),
            simulator,
        }
    }

    pub fn carrier(&self) -> &dyn Carrier {
        self.registry.get(&self.name).expect("the carrier")
    }

    /// The same again, as after a restart.
    pub fn again(&self) -> Registry {
        Registry::with_settings(self.settings.clone()).expect("settings")
    }

    pub fn vendor(&self) -> &Vendor {
        &self.simulator.vendor
    }

    pub async fn find(&self, quantity: usize) -> Result<Vec<Offer>, CarrierError> {
        self.search(quantity, None).await
    }

    pub async fn search(
        &self,
        quantity: usize,
        block_size: Option<usize>,
    ) -> Result<Vec<Offer>, CarrierError> {
        self.look_for("+1415", quantity, block_size).await
    }

    /// Searches by another prefix, of country code 1 or not.
    pub async fn search_for(
        &self,
        prefix: &str,
        quantity: usize,
    ) -> Result<Vec<Offer>, CarrierError> {
        self.look_for(prefix, quantity, None).await
    }

    async fn look_for(
        &self,
        prefix: &str,
        quantity: usize,
        block_size: Option<usize>,
    ) -> Result<Vec<Offer>, CarrierError> {
        let query = Query {
            prefix: prefix.to_owned(),
            country: "US".to_owned(),
            national: prefix.trim_start_matches("+1").to_owned(),
            quantity,
            block_size,
            ..Query::default()
        };
        self.ask(&query).await
    }

    pub async fn ask(&self, query: &Query) -> Result<Vec<Offer>, CarrierError> {
        let offers = self.carrier().offers().expect("it searches");
        offers.offers(query).await
    }

    pub async fn order(&self, id: &OrderId, offers: &[Offer]) -> Result<Standing, CarrierError> {
        let account = AccountId::parse(&"a".repeat(32)).expect("an id");
        let sent = sent(id).await;
        let orders = self.carrier().orders().expect("it orders");
        orders.order(&Purchase::new(&sent, &account, offers)).await
    }

    pub async fn status(&self, id: &OrderId, vendor: &Map<String, Value>, of: &[E164]) -> Standing {
        let placed = Placed {
            id,
            vendor,
            numbers: of,
        };
        let orders = self.carrier().orders().expect("it orders");
        orders.status(&placed).await.expect("a standing")
    }

    pub async fn give_back(
        &self,
        number: &E164,
        data: &Map<String, Value>,
    ) -> Result<Release, CarrierError> {
        let orders = self.carrier().orders().expect("it orders");
        orders.release(&sent(&id(9)).await, number, data).await
    }

    async fn release(&self, number: &E164, data: &Map<String, Value>) -> Release {
        let released = self.give_back(number, data).await;
        released.expect("given back")
    }

    async fn holds(&self, number: &E164) -> Option<Owned> {
        let orders = self.carrier().orders().expect("it orders");
        orders.holds(number).await.expect("an answer")
    }

    /// Buys one, and asks until it is there.
    pub async fn buy(&self, id: &OrderId, offer: Offer) -> (E164, Map<String, Value>) {
        let number = offer.number().clone();
        let standing = self.order(id, &[offer]).await.expect("ordered");
        let (_, data) = self.settled(id, standing).await.remove(0);
        (number, data)
    }

    /// What an order brought, asked for until nothing is open.
    async fn settled(
        &self,
        id: &OrderId,
        mut standing: Standing,
    ) -> Vec<(E164, Map<String, Value>)> {
        let vendor = standing.vendor.clone();
        for _ in 0..10 {
            let open = |(_, verdict): &(E164, Verdict)| *verdict == Verdict::Open;
            if !standing.numbers.iter().any(open) {
                break;
            }
            let numbers: Vec<E164> = standing.numbers.iter().map(|(n, _)| n.clone()).collect();
            standing = self.status(id, &vendor, &numbers).await;
        }
        let ours = standing.numbers.into_iter();
        ours.map(|(number, verdict)| match verdict {
            Verdict::Ours(data) => (number, data),
            other => panic!("{number}: {other:?}"),
        })
        .collect()
    }
}

/// An order of no journal.
struct Unwritten<'o>(&'o OrderId);

impl JournalEntry for Unwritten<'_> {
    type Error = Infallible;

    fn id(&self) -> &OrderId {
        self.0
    }

    async fn commit_as_sent(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

pub async fn sent(id: &OrderId) -> Sent {
    let Ok(sent) = Sent::commit(&mut Unwritten(id)).await;
    sent.expect("nobody else sends it")
}

fn id(n: u8) -> OrderId {
    OrderId(format!("{n:032x}"))
}

fn numbers(offers: &[Offer]) -> Vec<E164> {
    offers.iter().map(|offer| offer.number().clone()).collect()
}

pub async fn searching(kind: Kind) {
    let world = World::new(kind).await;
    let found = world.find(3).await.expect("offers");
    assert_eq!(found.len(), 3);
    let distinct: BTreeSet<_> = numbers(&found).into_iter().collect();
    assert_eq!(distinct.len(), 3);
    for offer in &found {
        assert!(offer.number().as_str().starts_with("+1415"), "{offer:?}");
        assert_eq!(offer.carrier(), &world.name);
    }
    assert_eq!(world.vendor().orders(), [], "searching buys nothing");
    assert!(world.vendor().owned(None, 10).is_empty());
}

/// Whether a vendor can look for it or not, nothing else comes back.
pub async fn filtering(kind: Kind) {
    let world = World::new(kind).await;
    let query = |filters: Value| Query {
        prefix: "+1415".to_owned(),
        country: "US".to_owned(),
        national: "415".to_owned(),
        quantity: 5,
        filters: serde_json::from_value(filters).expect("filters"),
        ..Query::default()
    };
    for (filters, fit) in [
        (json!({"ends_with": "0103"}), vec!["+14155550103"]),
        (json!({"contains": "50104"}), vec!["+14155550104"]),
        (json!({"contains": "0105", "ends_with": "0104"}), vec![]),
    ] {
        let found = world.ask(&query(filters.clone())).await.expect("offers");
        let found: Vec<&str> = found.iter().map(|offer| offer.number().as_str()).collect();
        assert_eq!(found, fit, "{filters}");
    }
}

pub async fn ordering(kind: Kind) {
    let world = World::new(kind).await;
    let most = world
        .carrier()
        .orders()
        .expect("it orders")
        .most_per_order();
    let found = world.find(2.min(most)).await.expect("offers");
    let standing = world.order(&id(1), &found).await.expect("ordered");
    let vendor = standing.vendor.clone();
    let brought = world.settled(&id(1), standing).await;
    let ours: Vec<E164> = brought.iter().map(|(number, _)| number.clone()).collect();
    assert_eq!(ours, numbers(&found));
    let owned: Vec<String> = ours.iter().map(ToString::to_string).collect();
    assert_eq!(world.vendor().owned(None, 10), owned);
    assert_eq!(world.vendor().orders().len(), 1);
    // Asked again, it says the same.
    let again = world.status(&id(1), &vendor, &ours).await;
    let again = world.settled(&id(1), again).await;
    assert_eq!(
        again.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>(),
        ours
    );
    let held = world.holds(&ours[0]).await.expect("it is ours");
    assert_eq!(held.number, ours[0]);
}

pub async fn waiting(kind: Kind) {
    let world = World::new(kind).await;
    world.vendor().set_patience(3);
    let offer = world.find(1).await.expect("offers").remove(0);
    let (number, _) = world.buy(&id(1), offer).await;
    assert!(world.holds(&number).await.is_some());
    assert_eq!(world.vendor().orders().len(), 1);
}

pub async fn refusing(kind: Kind) {
    let world = World::new(kind).await;
    let found = world.find(1).await.expect("offers");
    for fault in [Fault::Refuse, Fault::TooMany] {
        world.vendor().faults.script([fault]);
        match world.order(&id(1), &found).await {
            Err(error) => {
                let meant = match fault {
                    Fault::TooMany => Failure::NotSent,
                    _ => Failure::Refused,
                };
                assert_eq!(error.failure, meant, "{fault:?} {error:?}");
            }
            Ok(standing) => assert!(
                matches!(standing.numbers[0].1, Verdict::Refused(_)),
                "{fault:?} {standing:?}"
            ),
        }
        assert!(world.vendor().owned(None, 10).is_empty());
    }
}

pub async fn losing(kind: Kind) {
    let more = [Fault::Huge, Fault::WrongNumber];
    for fault in Fault::LOST.into_iter().chain(more) {
        let world = World::with(kind, json!({"timeout_ms": 300})).await;
        let found = world.find(1).await.expect("offers");
        world.vendor().faults.script([fault]);
        let kept = match world.order(&id(1), &found).await {
            Err(error) => {
                assert_eq!(error.failure, Failure::Unknown, "{fault:?} {error:?}");
                Map::new()
            }
            Ok(standing) => {
                // An answer about another number says nothing of ours.
                let verdict = &standing.numbers[0].1;
                let may_be = *verdict == Verdict::Open || matches!(verdict, Verdict::Ours(_));
                assert!(may_be, "{fault:?} {standing:?}");
                assert_eq!(standing.numbers[0].0, *found[0].number());
                standing.vendor
            }
        };
        if kind.settles {
            let standing = world.status(&id(1), &kept, &numbers(&found)).await;
            let brought = world.settled(&id(1), standing).await;
            assert_eq!(brought[0].0, *found[0].number(), "{fault:?}");
        }
        assert_eq!(world.vendor().orders().len(), 1, "{fault:?}");
    }
}

pub async fn unheard(kind: Kind) {
    if !kind.settles {
        return;
    }
    let world = World::new(kind).await;
    let found = world.find(1).await.expect("offers");
    world.vendor().faults.script([Fault::ErrorBefore]);
    let error = world.order(&id(1), &found).await.expect_err("a 500");
    assert_eq!(error.failure, Failure::Unknown);
    let standing = world.status(&id(1), &Map::new(), &numbers(&found)).await;
    assert_eq!(standing.numbers[0].1, Verdict::Unheard);
}

pub async fn releasing(kind: Kind) {
    let world = World::new(kind).await;
    let offer = world.find(1).await.expect("offers").remove(0);
    let (number, data) = world.buy(&id(1), offer).await;
    let released = world.release(&number, &data).await;
    if released == Release::Open {
        assert!(world.holds(&number).await.is_none(), "it goes");
    }
    assert!(world.vendor().owned(None, 10).is_empty());
    assert!(world.holds(&number).await.is_none());
    // What is gone already counts as given back.
    world.release(&number, &data).await;
}

pub async fn owning(kind: Kind) {
    if !kind.lists_owned {
        return;
    }
    let world = World::new(kind).await;
    let mut bought = BTreeSet::new();
    for (n, offer) in (1..).zip(world.find(4).await.expect("offers")) {
        bought.insert(world.buy(&id(n), offer).await.0);
    }
    let mut listed = BTreeSet::new();
    let mut from = None;
    for _ in 0..10 {
        let orders = world.carrier().orders().expect("it orders");
        let page = orders.owned(from.as_deref()).await.expect("a page");
        listed.extend(page.numbers.into_iter().map(|owned| owned.number));
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(listed, bought);
}

pub async fn unauthorized(kind: Kind) {
    let world = World::with(kind, json!({kind.secret: "wrong"})).await;
    let error = world.find(1).await.expect_err("refused");
    assert_eq!(error.failure, Failure::Refused, "{error:?}");
    assert!(!error.to_string().contains("wrong"), "{error}");
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
    let offer = world.find(1).await.expect("offers").remove(0);
    let (number, data) = world.buy(&id(1), offer).await;
    world.release(&number, &data).await;
    drop(guard);
    let log = String::from_utf8(log.0.lock().expect("the log").clone()).expect("text");
    assert!(log.contains("answer of a service"), "{log}");
    let settings = (kind.settings)();
    let secret = settings[kind.secret].as_str().expect("a secret");
    let in_forms: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    for secret in [secret, &in_forms, &escaped(secret), "token-1"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

pub async fn sandboxed(kind: Kind) {
    let world = World::with(kind, json!({"sandbox": true})).await;
    let found = world.find(1).await.expect("offers");
    let standing = world.order(&id(1), &found).await.expect("played");
    assert!(matches!(standing.numbers[0].1, Verdict::Ours(_)));
    world.release(found[0].number(), found[0].data()).await;
    assert_eq!(world.vendor().orders(), []);
    // Nor where provisioning is off and nothing is played.
    let off = json!({"enable_provisioning": false, "sandbox_provisioning": false});
    let world = World::with(kind, off).await;
    let error = world.order(&id(1), &found).await.expect_err("refused");
    assert_eq!(error.failure, Failure::NotSent);
    assert_eq!(world.vendor().orders(), []);
    // The adapter itself runs here, and would give back what is ours.
    let number = found[0].number();
    let ours = [number.to_string()];
    world.vendor().order("of another", &ours).expect("sold");
    let released = world.give_back(number, found[0].data()).await;
    let error = released.expect_err("refused");
    assert_eq!(error.failure, Failure::NotSent);
    assert_eq!(world.vendor().owned(None, 10), ours);
}
