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

async fn town(provider: &str, listed: Option<Arc<Listed>>) -> Town {
    let mut providers = Providers::default();
    if let Some(listed) = listed {
        providers.add_caller_names(listed);
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
    let listed = Arc::new(Listed {
        name: ProviderName::new("telnyx_cnam"),
        failures: Mutex::new(2),
        told: Mutex::default(),
    });
    let town = town("telnyx_cnam", Some(Arc::clone(&listed))).await;
    let told = || std::mem::take(&mut *listed.told.lock().unwrap());
    town.ask(Operation::Create(State::InService), json!({}))
        .await;
    assert_eq!(town.state().await, None);
    let fields = json!({ "cnam": { "display_name": "ACME", "inbound_lookup": true } });
    town.ask(Operation::Merge, fields).await;
    assert_eq!(town.state().await, Some(WishState::Wanted));
    assert_eq!(town.work().await, Some(NameWork::Pending));
    let desk = town.world.engine.caller_names();
    desk.look_after(LATER).await.unwrap();
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
        town.ask(
            Operation::Merge,
            json!({ "cnam": { "display_name": name } }),
        )
        .await;
    }
    town.job().await;
    assert_eq!(told(), [names(Some("C"), true)]);
    town.ask(Operation::Release, json!({})).await;
    town.job().await;
    assert_eq!(told(), [names(None, false)]);
}

#[tokio::test]
async fn what_a_person_must_do_is_left_to_him() {
    let town = town("cnam_notifier", None).await;
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
