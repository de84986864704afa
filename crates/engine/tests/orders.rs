//! Buying from carriers and giving back: nothing lost, nothing sent twice,
//! whatever the carrier does.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::Settings;
use engine::change::{ChangeRequest, Outcome};
use engine::orders::{Order, OrderState, Timing};
use engine::search::SearchQuery;
use engine::settings::NumberManager;
use numbers::account::Account;
use numbers::e164::E164;
use numbers::error::NumberError;
use numbers::life::Operation;
use numbers::number::Number;
use numbers::plan::Command;
use numbers::state::State;
use outside::settings::AllSettings;
use serde_json::{Map, json};
use simulators::other::{TOKEN, WIRE};
use simulators::{Fault, Simulator, Vendor};
use store::{Batch, DocumentKind, Page};
use support::{World, key_of, world_with};

struct Shop {
    world: World,
    vendor: Simulator,
    buyer: Arc<Account>,
}

const STOCK: [&str; 6] = [
    "+14155550101",
    "+14155550102",
    "+14155550103",
    "+14155550104",
    "+442079460018",
    "+442079460019",
];

/// Orders that nobody waits long for, and that are settled at once.
const IMPATIENT: Timing = Timing {
    wait_ms: 100,
    lost_after_s: 0,
    unheard_after_s: 0,
    reconcile_every_s: 0,
};

async fn shop(timing: Timing) -> Shop {
    let vendor = Vendor::new(STOCK.map(str::to_owned));
    let vendor = Simulator::start(WIRE, Arc::new(vendor)).await.unwrap();
    let settings = json!({
        "base_url": vendor.url(), "bearer_token": TOKEN, "allow_private_addresses": true,
        "timeout_ms": 500,
    });
    let settings = BTreeMap::from([("other".to_owned(), support::object(settings))]);
    let world = world_with(Settings {
        carriers: AllSettings(settings),
        orders: timing,
        number_manager: NumberManager {
            carrier_modules: vec!["local".to_owned(), "other".to_owned()],
            ..NumberManager::default()
        },
        ..Settings::default()
    })
    .await;
    let root = world.master().id.clone();
    let buyer = Arc::new(world.child(&root, "buyer").await);
    Shop {
        world,
        vendor,
        buyer,
    }
}

impl Shop {
    /// Shows the buyer what the carrier sells.
    async fn look(&self) -> Vec<String> {
        self.look_in("US", "415").await
    }

    async fn look_in(&self, country: &str, prefix: &str) -> Vec<String> {
        let query = SearchQuery {
            prefix: Some(prefix.to_owned()),
            country: Some(country.to_owned()),
            quantity: 10,
            offset: 0,
            ..SearchQuery::default()
        };
        let engine = &self.world.engine;
        let buyer = Some(self.buyer.as_ref());
        let found = engine
            .search(Some(&self.buyer.id), buyer, &query)
            .await
            .unwrap();
        found
            .rows
            .iter()
            .map(|row| row.number.to_string())
            .collect()
    }

    async fn change(&self, operation: Operation, numbers: &[String]) -> Vec<Outcome> {
        self.change_for(&self.buyer, operation, numbers).await
    }

    async fn change_for(
        &self,
        account: &Arc<Account>,
        operation: Operation,
        numbers: &[String],
    ) -> Vec<Outcome> {
        let request = ChangeRequest {
            target: Some(account),
            command: Command::new(operation, Map::new()),
            accept_charges: true,
        };
        let engine = &self.world.engine;
        engine
            .change(&key_of(account), &request, numbers)
            .await
            .unwrap()
    }

    async fn record(&self, number: &str) -> Option<Number> {
        let key: E164 = number.parse().unwrap();
        self.world.store.number(&key).await.unwrap()
    }

    async fn orders(&self) -> Vec<Order> {
        let page = Page::first(100);
        let kind = DocumentKind::Order;
        let documents = self.world.store.documents(kind, None, &page).await.unwrap();
        let mut orders = Vec::new();
        for document in documents {
            let id = carriers::OrderId(document.id);
            orders.extend(self.world.engine.desk().order(&id).await.unwrap());
        }
        orders
    }

    /// Looks after orders until none is open.
    async fn settle(&self) {
        for _ in 0..200 {
            self.world.engine.desk().look_after().await.unwrap();
            let orders = self.orders().await;
            let closed =
                |order: &Order| order.state().is_final() || order.state() == OrderState::ByHand;
            if orders.iter().all(closed) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("open: {:#?}", self.orders().await);
    }

    /// Who owns what: the carrier and we say the same, and nothing was bought
    /// twice.
    async fn agrees(&self) {
        assert!(self.vendor.vendor.bought_twice().is_empty());
        let ours = self
            .world
            .store
            .all_numbers(&Page::first(100))
            .await
            .unwrap();
        let ours: Vec<String> = ours
            .iter()
            .filter(|number| number.carrier.as_str() == "other")
            .map(|number| {
                assert_eq!(number.order, None, "{number:?}");
                number.id.to_string()
            })
            .collect();
        assert_eq!(self.vendor.vendor.owned(None, 100), ours);
    }
}

fn states(order: &Order) -> Vec<OrderState> {
    order.steps.iter().map(|step| step.state).collect()
}

#[tokio::test]
async fn what_was_offered_can_be_bought_by_who_saw_it_only() {
    let shop = shop(Timing::default()).await;
    let found = shop.look().await;
    let root = shop.world.master().id.clone();
    let stranger = Arc::new(shop.world.child(&root, "stranger").await);
    let refused = shop
        .change_for(&stranger, Operation::Activate, &found[..1])
        .await;
    assert!(matches!(refused[0].result, Err(NumberError::NotFound(_))));
    let bought = shop.change(Operation::Activate, &found[..1]).await;
    let number = &bought[0].result.as_ref().unwrap().number;
    assert_eq!(number.state, State::InService);
    assert_eq!(number.owner.as_ref(), Some(&shop.buyer.id));
    assert!(number.carrier_data.contains_key("order_id"), "{number:?}");
    let orders = shop.orders().await;
    let expected = [OrderState::Planned, OrderState::Sent, OrderState::Confirmed];
    assert_eq!(states(&orders[0]), expected);
    let sent = shop.vendor.vendor.orders();
    assert_eq!(sent[0].reference, orders[0].id.0, "our id went with it");
    shop.agrees().await;
}

#[tokio::test]
async fn a_collection_is_one_order_and_each_number_has_its_outcome() {
    let shop = shop(Timing::default()).await;
    let found = shop.look().await;
    shop.vendor.vendor.faults.script([Fault::Partial]);
    let outcomes = shop.change(Operation::Activate, &found).await;
    let bought = outcomes.iter().filter(|outcome| outcome.result.is_ok());
    assert_eq!(bought.count(), found.len() - 1);
    let refused: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| outcome.result.as_ref().err())
        .collect();
    assert!(
        matches!(
            refused[..],
            [NumberError::CarrierFault { reason: None, .. }]
        ),
        "{refused:?}"
    );
    let orders = shop.orders().await;
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0].state(), OrderState::Partial);
    shop.agrees().await;
}

#[tokio::test]
async fn a_refusal_gives_the_number_its_old_state() {
    let shop = shop(Timing::default()).await;
    let found = shop.look().await;
    shop.vendor.vendor.faults.script([Fault::Refuse]);
    let outcomes = shop.change(Operation::Reserve, &found[..1]).await;
    assert!(matches!(
        outcomes[0].result,
        Err(NumberError::CarrierFault { .. })
    ));
    assert_eq!(shop.record(&found[0]).await, None);
    assert_eq!(shop.orders().await[0].state(), OrderState::Failed);
    // And it can be had afterwards.
    let again = shop.change(Operation::Reserve, &found[..1]).await;
    assert_eq!(
        again[0].result.as_ref().unwrap().number.state,
        State::Reserved
    );
    shop.agrees().await;
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_asking() {
    for fault in [
        Fault::ErrorBefore,
        Fault::ErrorAfter,
        Fault::DropAfter,
        Fault::Hang,
        Fault::Malformed,
        Fault::WrongNumber,
    ] {
        let shop = shop(IMPATIENT).await;
        let found = shop.look().await;
        shop.vendor.vendor.faults.script([fault]);
        shop.change(Operation::Activate, &found[..1]).await;
        shop.settle().await;
        let orders = shop.orders().await;
        assert_eq!(orders.len(), 1, "{fault:?}");
        let sent = orders[0]
            .steps
            .iter()
            .filter(|step| step.state == OrderState::Sent);
        assert_eq!(sent.count(), 1, "{fault:?}: {orders:?}");
        let bought = fault != Fault::ErrorBefore;
        assert_eq!(shop.record(&found[0]).await.is_some(), bought, "{fault:?}");
        shop.agrees().await;
    }
}

/// Its phonebook keeps countries apart: what is ordered, asked for and given
/// back in another one isn't there.
#[tokio::test]
async fn a_number_of_another_country_is_bought_and_given_back_there() {
    for fault in [None, Some(Fault::DropAfter)] {
        let shop = shop(IMPATIENT).await;
        let mut both = shop.look_in("GB", "207").await;
        assert_eq!(both, STOCK[4..]);
        both.truncate(1);
        both.extend(shop.look().await.into_iter().take(1));
        shop.vendor.vendor.faults.script(fault);
        shop.change(Operation::Activate, &both).await;
        shop.settle().await;
        // One order a country.
        assert_eq!(shop.orders().await.len(), 2, "{fault:?}");
        for number in &both {
            let record = shop.record(number).await.unwrap();
            assert_eq!(record.state, State::InService, "{fault:?} {number}");
        }
        shop.agrees().await;
        shop.vendor.vendor.faults.script(fault);
        shop.change(Operation::Release, &both[..1]).await;
        shop.settle().await;
        assert_eq!(shop.record(&both[0]).await, None, "{fault:?}");
        shop.agrees().await;
    }
}

#[tokio::test]
async fn what_a_person_has_to_give_back_is_nobodys_until_then() {
    let shop = shop(Timing::default()).await;
    let world = &shop.world;
    let number = "+14155550177";
    let bought_by_hand = ChangeRequest {
        target: Some(&shop.buyer),
        command: Command::new(
            Operation::Create(State::InService),
            support::object(json!({ "carrier_name": "telnyx" })),
        ),
        accept_charges: true,
    };
    let master = key_of(world.master());
    let key = [number.to_owned()];
    let made = world.engine.change(&master, &bought_by_hand, &key).await;
    assert!(made.unwrap()[0].result.is_ok());
    let released = shop.change(Operation::Release, &key).await;
    let released = &released[0].result.as_ref().unwrap().number;
    assert_eq!((released.state, &released.owner), (State::Released, &None));
    // Whoever took it now would lose it when the person does what is to do.
    let other = Arc::new(world.child(&world.master().id, "other").await);
    let taken = shop.change_for(&other, Operation::Activate, &key).await;
    assert!(taken[0].result.is_err(), "{:?}", taken[0].result);
    let order = shop.orders().await.pop().unwrap();
    assert_eq!(order.state(), OrderState::ByHand);
    let closed = world.engine.close_order(&support::system(), order).await;
    assert_eq!(closed.unwrap().unwrap().state(), OrderState::Settled);
    assert_eq!(shop.record(number).await, None);
}

#[tokio::test]
async fn what_is_being_bought_is_shown_and_nobody_elses() {
    let shop = shop(IMPATIENT).await;
    let found = shop.look().await;
    shop.vendor.vendor.set_patience(1000);
    let waiting = shop.change(Operation::Activate, &found[..1]).await;
    let number = waiting[0].result.as_ref().unwrap().number.clone();
    assert_eq!(number.state, State::Discovery);
    assert_eq!(number.owner.as_ref(), Some(&shop.buyer.id));
    assert_eq!(number.order.as_ref().unwrap().becomes, State::InService);
    assert!(!number.is_billable());
    // The buyer who asks again has it as it stands, and orders nothing.
    let again = shop.change(Operation::Activate, &found[..1]).await;
    assert_eq!(
        again[0].result.as_ref().unwrap().number,
        shop.record(&found[0]).await.unwrap().into()
    );
    for operation in [Operation::Release, Operation::Reserve, Operation::Replace] {
        let refused = shop.change(operation, &found[..1]).await;
        let refused = refused[0].result.as_ref().unwrap_err();
        assert!(
            matches!(refused, NumberError::OrderOpen(_)),
            "{operation:?} {refused:?}"
        );
    }
    assert_eq!(shop.orders().await.len(), 1);
    assert_eq!(shop.vendor.vendor.orders().len(), 1);
}

#[tokio::test]
async fn a_released_number_goes_back_to_its_carrier() {
    for fault in [
        None,
        Some(Fault::ErrorAfter),
        Some(Fault::Hang),
        Some(Fault::ErrorBefore),
    ] {
        let shop = shop(IMPATIENT).await;
        let found = shop.look().await;
        shop.change(Operation::Activate, &found[..1]).await;
        shop.settle().await;
        shop.vendor.vendor.faults.script(fault);
        shop.change(Operation::Release, &found[..1]).await;
        shop.settle().await;
        assert_eq!(shop.record(&found[0]).await, None, "{fault:?}");
        assert!(shop.vendor.vendor.owned(None, 10).is_empty(), "{fault:?}");
        shop.agrees().await;
    }
}

#[tokio::test]
async fn a_refused_release_is_left_to_a_person() {
    let shop = shop(Timing::default()).await;
    let found = shop.look().await;
    shop.change(Operation::Activate, &found[..1]).await;
    shop.vendor.vendor.faults.script([Fault::Refuse]);
    shop.change(Operation::Release, &found[..1]).await;
    let orders = shop.orders().await;
    let order = orders
        .into_iter()
        .find(|order| order.state() == OrderState::ByHand)
        .unwrap();
    let record = shop.record(&found[0]).await.unwrap();
    assert_eq!((record.state, &record.owner), (State::Released, &None));
    // Once a person has done it there, the order is closed and the record goes.
    shop.vendor.vendor.release(&found[0]);
    let (engine, cx) = (&shop.world.engine, support::system());
    let listed = engine.orders(Some(&shop.buyer.id), &Page::first(10)).await;
    let listed = listed.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed.last(), Some(&order), "the oldest comes first");
    let closed = engine.close_order(&cx, order).await.unwrap().unwrap();
    assert_eq!(closed.state(), OrderState::Settled);
    assert_eq!(shop.record(&found[0]).await, None);
    assert_eq!(engine.close_order(&cx, closed).await.unwrap(), None);
    shop.agrees().await;
}

#[tokio::test]
async fn a_carrier_that_is_not_ready_is_asked_again_to_take_a_number_back() {
    let shop = shop(IMPATIENT).await;
    let found = shop.look().await;
    shop.change(Operation::Activate, &found[..1]).await;
    shop.vendor.vendor.faults.script([Fault::TooMany]);
    shop.change(Operation::Release, &found[..1]).await;
    shop.settle().await;
    assert_eq!(shop.record(&found[0]).await, None);
    shop.agrees().await;
}

#[tokio::test]
async fn a_release_whose_process_died_before_it_left_is_sent() {
    let shop = shop(IMPATIENT).await;
    let found = shop.look().await;
    shop.change(Operation::Activate, &found[..1]).await;
    // As it is left by a process that was killed on its way to the carrier.
    shop.vendor.vendor.faults.script([Fault::Refuse]);
    shop.change(Operation::Release, &found[..1]).await;
    let release = shop.orders().await.pop().unwrap();
    let store = &shop.world.store;
    let kind = DocumentKind::Order;
    let stored = store.document(kind, &release.id.0).await.unwrap();
    let mut document = stored.unwrap();
    let mut order: Order = serde_json::from_str(&document.body).unwrap();
    order.steps.pop();
    assert_eq!(order.state(), OrderState::Sent);
    document.body = json!(order).to_string();
    document.due = order.sent_at;
    document.revision = document.revision.next();
    let put = Batch::new().then(store::Operation::PutDocument(Box::new(document)));
    store.write(put).await.unwrap().unwrap();
    shop.settle().await;
    assert_eq!(shop.record(&found[0]).await, None);
    shop.agrees().await;
}

#[tokio::test]
async fn an_order_that_was_never_sent_is_never_sent_later() {
    // A carrier is believed only after the longest that a request can take.
    let racing = Timing {
        unheard_after_s: 2,
        ..IMPATIENT
    };
    let shop = shop(racing).await;
    let found = shop.look().await;
    // The job takes it for forgotten before it is sent, or after it was: in
    // both cases the carrier and we agree in the end.
    let (_, ()) = tokio::join!(shop.change(Operation::Activate, &found), async {
        for _ in 0..20 {
            shop.world.engine.desk().look_after().await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    shop.settle().await;
    shop.agrees().await;
}
