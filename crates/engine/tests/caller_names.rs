//! Caller names: what is switched on is told to the provider until it has
//! taken it.

mod support;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use engine::Settings;
use engine::caller_names::{NameWork, WishState};
use engine::change::ChangeRequest;
use engine::settings::NumberManager;
use numbers::account::Account;
use numbers::e164::E164;
use numbers::gregorian::GregorianSeconds;
use numbers::life::Operation;
use numbers::plan::Command;
use numbers::state::State;
use providers::{
    CallerNameProvider, CallerNames, Failure, ProviderError, ProviderName, Providers, Wish,
};
use serde_json::{Value, json};
use support::{World, object, system, world_of};

const NUMBER: &str = "+14155550101";
const LATER: GregorianSeconds = GregorianSeconds::new(99_000_000_000);

/// Fails the first times, and remembers what it was told.
struct Listed {
    name: ProviderName,
    failures: Mutex<u32>,
    told: Mutex<Vec<CallerNames>>,
}

#[async_trait]
impl CallerNameProvider for Listed {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    async fn set(&self, _: &E164, wish: &CallerNames) -> Result<Wish, ProviderError> {
        self.told.lock().unwrap().push(wish.clone());
        let mut failures = self.failures.lock().unwrap();
        if *failures == 0 {
            return Ok(Wish::Done);
        }
        *failures -= 1;
        let service = outside::Service::provider(self.name.as_str());
        Err(ProviderError::new(&service, Failure::Unknown, "asleep"))
    }
}

struct Town {
    world: World,
    owner: Arc<Account>,
}

impl Listed {
    fn new(name: &str, failures: u32) -> Arc<Self> {
        Arc::new(Self {
            name: ProviderName::new(name),
            failures: Mutex::new(failures),
            told: Mutex::default(),
        })
    }

    fn told(&self) -> Vec<CallerNames> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

async fn town(provider: &str, listed: &[&Arc<Listed>]) -> Town {
    let mut providers = Providers::default();
    for listed in listed {
        providers.add_caller_names(Arc::clone(listed) as Arc<_>);
    }
    let settings = Settings {
        number_manager: NumberManager {
            available_module_name: "inventory".to_owned(),
            cnam_provider: provider.to_owned(),
            ..NumberManager::default()
        },
        ..Settings::default()
    };
    let world = world_of(settings, providers).await;
    let root = world.master().id.clone();
    let owner = Arc::new(world.child(&root, "Bakery").await);
    Town { world, owner }
}

impl Town {
    async fn ask(&self, operation: Operation, fields: Value) {
        let request = ChangeRequest {
            target: Some(&self.owner),
            command: Command::new(operation, object(fields)),
            accept_charges: true,
        };
        let engine = &self.world.engine;
        engine
            .change_one(&system(), &request, NUMBER)
            .await
            .unwrap();
    }

    async fn choose(&mut self, provider: &str) {
        let mut owner = Account::clone(&self.owner);
        owner.is_reseller = true;
        owner.number_manager = object(json!({ "cnam_provider": provider }));
        owner.revision = owner.revision.next();
        let put = store::Operation::PutAccount(Box::new(owner.clone()));
        let batch = store::Batch::new().then(put);
        self.world.store.write(batch).await.unwrap().unwrap();
        self.owner = Arc::new(owner);
    }

    async fn name(&self, name: &str) {
        let fields = json!({ "cnam": { "display_name": name } });
        self.ask(Operation::Merge, fields).await;
    }

    async fn round(&self) {
        let desk = self.world.engine.caller_names();
        desk.look_after(LATER).await.unwrap();
    }

    async fn job(&self) {
        let desk = self.world.engine.caller_names();
        while desk.look_after(LATER).await.unwrap() > 0 {}
    }

    /// What the number says of its caller names.
    async fn work(&self) -> Option<NameWork> {
        let engine = &self.world.engine;
        let view = engine.number(&system(), &self.owner, NUMBER).await;
        view.unwrap().name_work
    }

    async fn state(&self) -> Option<WishState> {
        let key = E164::try_from(NUMBER).unwrap();
        let desk = self.world.engine.caller_names();
        Some(desk.wish(&key).await.unwrap()?.state)
    }
}

fn names(outbound: Option<&str>, inbound: bool) -> CallerNames {
    CallerNames {
        outbound: outbound.map(str::to_owned),
        inbound,
    }
}

#[tokio::test]
async fn the_provider_is_told_until_it_has_taken_it() {
    let listed = Listed::new("telnyx_cnam", 2);
    let town = town("telnyx_cnam", &[&listed]).await;
    let told = || listed.told();
    town.ask(Operation::Create(State::InService), json!({}))
        .await;
    assert_eq!(town.state().await, None);
    let fields = json!({ "cnam": { "display_name": "ACME", "inbound_lookup": true } });
    town.ask(Operation::Merge, fields).await;
    assert_eq!(town.state().await, Some(WishState::Wanted));
    assert_eq!(town.work().await, Some(NameWork::Pending));
    town.round().await;
    match town.work().await {
        Some(NameWork::Failed(reason)) => assert!(reason.contains("asleep"), "{reason}"),
        other => panic!("{other:?}"),
    }
    town.job().await;
    assert_eq!(town.work().await, None);
    assert_eq!(told(), vec![names(Some("ACME"), true); 3]);
    assert_eq!(town.state().await, Some(WishState::Done));

    // What has nothing to do with it tells nobody anything.
    town.ask(Operation::Merge, json!({ "note": 1 })).await;
    town.job().await;
    assert_eq!(told(), []);
    // The last wish counts.
    for name in ["B", "C"] {
        town.name(name).await;
    }
    town.job().await;
    assert_eq!(told(), [names(Some("C"), true)]);
    town.ask(Operation::Release, json!({})).await;
    town.job().await;
    assert_eq!(told(), [names(None, false)]);
}

#[tokio::test]
async fn who_was_told_before_is_told_to_drop_it() {
    let first = Listed::new("telnyx_cnam", 0);
    let second = Listed::new("vitelity_cnam", 0);
    let mut town = town("telnyx_cnam", &[&first, &second]).await;
    town.ask(Operation::Create(State::InService), json!({}))
        .await;
    town.name("ACME").await;
    town.job().await;
    assert_eq!(first.told(), [names(Some("ACME"), false)]);
    town.choose("vitelity_cnam").await;
    town.name("B").await;
    *first.failures.lock().unwrap() = 1;
    town.round().await;
    // The new one has it; the old one has it still, too.
    assert_eq!(second.told(), [names(Some("B"), false)]);
    assert_eq!(first.told(), [names(None, false)]);
    let work = town.work().await;
    assert!(matches!(work, Some(NameWork::Failed(_))), "{work:?}");
    // A later wish doesn't forget it.
    town.name("C").await;
    town.job().await;
    assert_eq!(second.told(), [names(Some("C"), false)]);
    assert_eq!(first.told(), [names(None, false)]);
    assert_eq!(town.work().await, None);
    // Back at the first one only the second drops it.
    town.choose("telnyx_cnam").await;
    town.name("D").await;
    town.job().await;
    assert_eq!(first.told(), [names(Some("D"), false)]);
    assert_eq!(second.told(), [names(None, false)]);
}

#[tokio::test]
async fn a_name_that_is_off_is_said_to_be_there_until_its_provider_dropped_it() {
    let listed = Listed::new("telnyx_cnam", 0);
    let town = town("telnyx_cnam", &[&listed]).await;
    town.ask(Operation::Create(State::InService), json!({}))
        .await;
    town.name("ACME").await;
    town.job().await;
    *listed.failures.lock().unwrap() = 1;
    town.ask(Operation::Merge, json!({ "cnam": null })).await;
    assert_eq!(town.work().await, Some(NameWork::Removing(None)));
    town.round().await;
    match town.work().await {
        Some(NameWork::Removing(Some(reason))) => assert!(reason.contains("asleep"), "{reason}"),
        other => panic!("{other:?}"),
    }
    town.job().await;
    assert_eq!(town.work().await, None);
}

#[tokio::test]
async fn what_a_person_must_do_is_left_to_him() {
    let town = town("cnam_notifier", &[]).await;
    town.ask(Operation::Create(State::InService), json!({}))
        .await;
    town.ask(
        Operation::Merge,
        json!({ "cnam": { "inbound_lookup": true } }),
    )
    .await;
    town.job().await;
    assert_eq!(town.state().await, Some(WishState::ByHand));
    assert_eq!(town.work().await, Some(NameWork::ByHand));
}
