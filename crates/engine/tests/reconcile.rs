//! Whether carriers and we agree on what is ours: the operator's account there,
//! and each reseller's own.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use carriers::Failure;
use engine::Settings;
use engine::change::ChangeRequest;
use engine::credentials::SecretsKey;
use engine::import::ImportRow;
use engine::reconcile::{CarrierAccount, DifferenceKind, ReconcileError, Reconciliation};
use engine::search::SearchQuery;
use engine::settings::NumberManager;
use numbers::account::{Account, AccountId};
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use numbers::life::Operation;
use numbers::number::Number;
use numbers::plan::Command;
use numbers::state::State;
use outside::settings::AllSettings;
use serde_json::{Map, Value, json};
use simulators::other::{TOKEN, WIRE};
use simulators::{Fault, Simulator, Vendor, Wire};
use support::{World, broken_rules, key_of, object, system, world_with};

/// `other`; unless it is said otherwise the operator's own token is wrong, and
/// who has a right one has an account there.
struct Market {
    world: World,
    vendor: Simulator,
}

const STOCK: [&str; 6] = [
    "+14155550101",
    "+14155550102",
    "+14155550103",
    "+14155550104",
    "+442079460018",
    "+33199000118",
];

fn other() -> CarrierName {
    CarrierName::new("other")
}

fn keys(numbers: &[&str]) -> Vec<E164> {
    numbers.iter().map(|text| text.parse().unwrap()).collect()
}

impl Market {
    async fn new() -> Self {
        Self::with(WIRE, json!({"bearer_token": "a wrong one"})).await
    }

    async fn with(wire: Wire, settings: Value) -> Self {
        let vendor = Arc::new(Vendor::new(STOCK.map(str::to_owned)));
        let vendor = Simulator::start(wire, vendor).await.unwrap();
        let mut operators = object(settings);
        let more = json!({"base_url": vendor.url(), "allow_private_addresses": true});
        operators.extend(object(more));
        let world = world_with(Settings {
            carriers: AllSettings(BTreeMap::from([("other".to_owned(), operators)])),
            number_manager: NumberManager {
                carrier_modules: vec!["other".to_owned()],
                ..NumberManager::default()
            },
            secrets_key: SecretsKey::from_hex(&"ab".repeat(32)).ok(),
            ..Settings::default()
        })
        .await;
        Self { world, vendor }
    }

    /// A reseller with a token of its own.
    async fn reseller(&self, name: &str, token: &str) -> Account {
        let (engine, cx) = (&self.world.engine, system());
        let account = self.world.child(&self.world.master().id, name).await;
        let account = engine.set_reseller(&cx, &account.id, true).await.unwrap();
        let settings = object(json!({ "bearer_token": token }));
        let set = engine.set_own_credentials(&cx, &account, "other", settings);
        set.await.unwrap();
        account
    }

    async fn buy(&self, account: &Arc<Account>, number: &str) {
        let engine = &self.world.engine;
        let query = SearchQuery {
            prefix: Some("415".to_owned()),
            quantity: 10,
            ..SearchQuery::default()
        };
        let found = engine.search(Some(&account.id), Some(account), &query);
        assert!(!found.await.unwrap().rows.is_empty());
        let request = ChangeRequest {
            target: Some(account),
            command: Command::new(Operation::Activate, Map::new()),
            accept_charges: true,
        };
        let numbers = [number.to_owned()];
        let changed = engine.change(&key_of(account), &request, &numbers).await;
        assert!(changed.unwrap()[0].result.is_ok());
    }

    /// Bought past us.
    fn bought_elsewhere(&self, number: &str) {
        let number = [number.to_owned()];
        self.vendor.vendor.order_at_once("", &number).unwrap();
    }

    /// What is told of each account: whose, and how many of ours and of theirs.
    async fn told(&self) -> Vec<(Option<AccountId>, Option<(usize, usize)>)> {
        let all = self.world.engine.reconcile_all(Some(&other())).await;
        let told = all.unwrap().into_iter().map(|(account, report)| {
            let counts = match report {
                Ok(report) => Some((report.ours, report.theirs)),
                Err(ReconcileError::Carrier(error)) => {
                    assert_eq!(error.failure, Failure::Refused);
                    None
                }
                Err(error) => panic!("{error}"),
            };
            (account.reseller, counts)
        });
        told.collect()
    }

    async fn report(&self, reseller: &Account) -> Reconciliation {
        let account = CarrierAccount {
            carrier: other(),
            reseller: Some(reseller.id.clone()),
        };
        self.world.engine.reconcile(&account).await.unwrap()
    }

    /// What the operator's account there tells otherwise than we do.
    async fn differences(&self) -> Vec<(String, DifferenceKind)> {
        let account = CarrierAccount {
            carrier: other(),
            reseller: None,
        };
        let report = self.world.engine.reconcile(&account).await.unwrap();
        let differences = report.differences.into_iter();
        differences
            .map(|one| (one.number.to_string(), one.kind))
            .collect()
    }

    /// Ours by our records, whatever the carrier says.
    async fn ours(&self, numbers: &[&str]) {
        let row = |number: &&str| ImportRow {
            e164: (*number).to_owned(),
            account_id: Some(self.world.master().id.to_string()),
            carrier_module: Some("other".to_owned()),
            ..ImportRow::default()
        };
        let rows = numbers.iter().map(row).collect();
        let taken = self.world.engine.import_batch(&system(), rows).await;
        assert!(taken.unwrap().iter().all(Result::is_ok));
    }

    async fn record(&self, number: &str) -> Number {
        let key = number.parse().unwrap();
        self.world.store.number(&key).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn the_operators_account_and_each_resellers_own_are_told_apart() {
    let market = Market::new().await;
    let (engine, cx) = (&market.world.engine, system());
    let right = market.reseller("right", TOKEN).await;
    let wrong = market.reseller("wrong", "nor this").await;
    let buyer = Arc::new(market.world.child(&right.id, "buyer").await);
    market.buy(&buyer, STOCK[0]).await;
    market.bought_elsewhere(STOCK[1]);
    let mut expected = vec![
        (Some(right.id.clone()), Some((1, 2))),
        (Some(wrong.id.clone()), None),
    ];
    expected.sort();
    expected.insert(0, (None, None));
    assert_eq!(market.told().await, expected);
    let report = market.report(&right).await;
    let kinds = report.differences.iter();
    let kinds: Vec<_> = kinds.map(|one| (one.number.as_str(), one.kind)).collect();
    assert_eq!(kinds, [(STOCK[1], DifferenceKind::TheirsNotOurs)]);
    // Credentials that are gone are asked with for as long as numbers were
    // bought with them, and no longer.
    for reseller in [&right, &wrong] {
        let gone = engine.remove_own_credentials(&cx, reseller, "other").await;
        gone.unwrap();
    }
    let expected = [(None, None), (Some(right.id.clone()), Some((1, 2)))];
    assert_eq!(market.told().await, expected);
    let nowhere = engine.reconcile_all(Some(&CarrierName::new("local"))).await;
    assert!(nowhere.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_reseller_pays_for_is_adopted_below_it_only() {
    let market = Market::new().await;
    let (engine, cx) = (&market.world.engine, system());
    let reseller = market.reseller("reseller", TOKEN).await;
    let customer = market.world.child(&reseller.id, "customer").await;
    let stranger = market
        .world
        .child(&market.world.master().id, "stranger")
        .await;
    market.bought_elsewhere(STOCK[0]);
    market.bought_elsewhere(STOCK[1]);
    let report = market.report(&reseller).await;
    for other in [&stranger.id, &market.world.master().id] {
        let refused = engine.adopt(&cx, &report, Some(other)).await;
        assert_eq!(broken_rules(refused), ["account.forbidden"]);
    }
    let mut first = report.clone();
    first.keep_only(&keys(&STOCK[..1]).into_iter().collect());
    let adopted = engine.adopt(&cx, &first, Some(&customer.id)).await;
    assert_eq!(adopted.unwrap(), keys(&STOCK[..1]));
    let adopted = engine.adopt(&cx, &report, None).await.unwrap();
    assert_eq!(adopted, keys(&STOCK[1..2]));
    for (number, state, owner) in [
        (STOCK[0], State::InService, &customer.id),
        (STOCK[1], State::Reserved, &reseller.id),
    ] {
        let record = market.record(number).await;
        assert_eq!((record.state, record.owner.as_ref()), (state, Some(owner)));
    }
    // They are given back where they were bought, so both sides agree on that.
    assert_eq!(market.report(&reseller).await.differences, []);
}

#[tokio::test]
async fn what_nobody_here_knows_goes_back_with_the_credentials_that_bought_it() {
    let market = Market::new().await;
    let (engine, cx) = (&market.world.engine, system());
    let reseller = market.reseller("reseller", TOKEN).await;
    market.bought_elsewhere(STOCK[2]);
    let report = market.report(&reseller).await;
    let orders = engine.give_back_orphans(&cx, &report).await.unwrap();
    assert!(orders[0].state().is_final(), "{orders:?}");
    let credentials = orders[0].credentials.as_ref();
    assert_eq!(credentials.map(|own| &own.reseller), Some(&reseller.id));
    assert!(market.vendor.vendor.owned(None, 10).is_empty());
}

const LONDON: &str = STOCK[4];
const PARIS: &str = STOCK[5];

/// Its phonebook keeps countries apart, and the default one is another.
#[tokio::test]
async fn numbers_of_every_country_where_some_are_ours_are_asked_for() {
    let token = json!({ "bearer_token": TOKEN });
    let market = Market::with(WIRE, token.clone()).await;
    market.ours(&[STOCK[0], LONDON, "+442079460019"]).await;
    for number in [STOCK[0], LONDON, PARIS] {
        market.bought_elsewhere(number);
    }
    let gone = ("+442079460019".to_owned(), DifferenceKind::OursNotTheirs);
    assert_eq!(market.differences().await, std::slice::from_ref(&gone));
    // Where nothing is ours nothing is looked for, unless it is configured.
    let mut more = token;
    more["countries"] = json!(["GB", "FR"]);
    let market = Market::with(WIRE, more).await;
    market.ours(&[LONDON, "+442079460019"]).await;
    market.bought_elsewhere(LONDON);
    market.bought_elsewhere(PARIS);
    let orphan = (PARIS.to_owned(), DifferenceKind::TheirsNotOurs);
    assert_eq!(market.differences().await, [orphan, gone]);
    // It goes back in its country.
    let report = market.world.engine.reconcile_all(None).await.unwrap();
    let report = report[0].1.as_ref().unwrap();
    let cx = system();
    let orders = market.world.engine.give_back_orphans(&cx, report).await;
    assert!(orders.unwrap()[0].state().is_final());
    assert_eq!(market.vendor.vendor.owned(None, 10), [LONDON]);
}

#[tokio::test]
async fn what_a_carrier_does_not_tell_of_is_unknown_and_not_gone() {
    let wire = Wire {
        spends: |_, path, _| path.starts_with("/numbers/GB/owned"),
        ..WIRE
    };
    let market = Market::with(wire, json!({ "bearer_token": TOKEN })).await;
    market.ours(&[STOCK[0], LONDON]).await;
    let both = [Fault::ErrorBefore; 2];
    market.vendor.vendor.faults.script(both);
    let expected = [
        (STOCK[0].to_owned(), DifferenceKind::OursNotTheirs),
        (LONDON.to_owned(), DifferenceKind::Unknown),
    ];
    assert_eq!(market.differences().await, expected);
}
