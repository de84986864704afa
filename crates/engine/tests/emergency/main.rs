//! Emergency addresses: a number claims only what its provider has, whatever
//! fails when.

mod owners;
mod second_thoughts;
#[path = "../support/mod.rs"]
mod support;
mod whatever_fails;

use std::sync::Arc;

use engine::change::ChangeRequest;
use engine::emergency::{Setup, SetupState};
use engine::orders::Timing;
use engine::settings::NumberManager;
use engine::{EngineError, Settings};
use numbers::account::Account;
use numbers::e164::E164;
use numbers::error::NumberError;
use numbers::feature::Feature;
use numbers::feature::e911::{AddressWork, CONTACTS};
use numbers::gregorian::GregorianSeconds;
use numbers::life::Operation;
use numbers::number::Number;
use numbers::plan::Command;
use numbers::price::PriceList;
use numbers::state::State;
use providers::Providers;
use serde_json::{Value, json};
use store::Page;
use support::provider::{Act, Played};
use support::{World, object, system, world_of};

/// Nobody waits, and what is lost is asked for at once.
const IMPATIENT: Timing = Timing {
    wait_ms: 40,
    lost_after_s: 0,
    unheard_after_s: 0,
    reconcile_every_s: 0,
};

/// When everything is due.
const LATER: GregorianSeconds = GregorianSeconds::new(99_000_000_000);

const NUMBER: &str = "+14155550101";

struct Town {
    world: World,
    provider: Arc<Played>,
    owner: Arc<Account>,
}

async fn town() -> Town {
    town_with(PriceList::default()).await
}

async fn town_with(prices: PriceList) -> Town {
    town_built(prices, IMPATIENT, Providers::default()).await
}

/// Where people wait until it is known.
async fn patient_town() -> Town {
    let patient = Timing {
        wait_ms: 20_000,
        ..IMPATIENT
    };
    town_built(PriceList::default(), patient, Providers::default()).await
}

/// With other providers beside the one that everybody has.
async fn town_of(others: Providers) -> Town {
    town_built(PriceList::default(), IMPATIENT, others).await
}

async fn town_built(prices: PriceList, orders: Timing, mut providers: Providers) -> Town {
    let provider = Arc::new(Played::new("dash_e911"));
    providers.add_emergency(Arc::clone(&provider) as Arc<_>);
    let settings = Settings {
        orders,
        prices,
        number_manager: NumberManager {
            available_module_name: "inventory".to_owned(),
            ..NumberManager::default()
        },
        ..Settings::default()
    };
    let world = world_of(settings, providers).await;
    let root = world.master().id.clone();
    let owner = Arc::new(world.child(&root, "Bakery").await);
    Town {
        world,
        provider,
        owner,
    }
}

fn address(street: &str) -> Value {
    json!({
        "street_address": street, "locality": "Anytown", "region": "CA", "postal_code": "94000",
    })
}

impl Town {
    async fn ask(
        &self,
        number: &str,
        operation: Operation,
        fields: Value,
    ) -> Result<Number, EngineError> {
        self.ask_paying(number, operation, fields, true).await
    }

    async fn ask_paying(
        &self,
        number: &str,
        operation: Operation,
        fields: Value,
        accept_charges: bool,
    ) -> Result<Number, EngineError> {
        let request = ChangeRequest {
            target: Some(&self.owner),
            command: Command::new(operation, object(fields)),
            accept_charges,
        };
        let engine = &self.world.engine;
        let view = engine.change_one(&system(), &request, number).await?;
        Ok(Number::clone(&view.number))
    }

    /// The number in service, without an address.
    async fn in_service(&self, number: &str) {
        let create = Operation::Create(State::InService);
        self.ask(number, create, json!({})).await.unwrap();
    }

    async fn set(&self, street: &str) -> Result<Number, EngineError> {
        let fields = json!({ "e911": address(street) });
        self.ask(NUMBER, Operation::Merge, fields).await
    }

    /// An address, with whom to notify.
    async fn set_with(&self, street: &str, contact: &str) -> Result<Number, EngineError> {
        let mut wanted = address(street);
        wanted[CONTACTS] = json!([contact]);
        let fields = json!({ "e911": wanted });
        self.ask(NUMBER, Operation::Merge, fields).await
    }

    async fn clear(&self) -> Result<Number, EngineError> {
        let fields = json!({ "e911": null });
        self.ask(NUMBER, Operation::Merge, fields).await
    }

    async fn job(&self) {
        let desk = self.world.engine.addresses();
        while desk.look_after(LATER).await.unwrap() > 0 {}
    }

    async fn stored(&self) -> Option<Number> {
        self.world.store.number(&key()).await.unwrap()
    }

    async fn setup(&self) -> Option<Setup> {
        let desk = self.world.engine.addresses();
        desk.setup(&key()).await.unwrap()
    }

    async fn state(&self) -> SetupState {
        self.setup().await.unwrap().state()
    }

    /// Whom the number's owner wants to be notified.
    async fn contact(&self) -> Option<String> {
        let number = self.stored().await?;
        let contacts = number.features.get(&Feature::E911)?.get(CONTACTS)?;
        Some(contacts[0].as_str()?.to_owned())
    }

    /// From now on another provider confirms what the owner asks for.
    fn choose(&mut self, provider: &str) {
        let mut owner = Account::clone(&self.owner);
        owner.is_reseller = true;
        owner.number_manager = object(json!({ "e911_provider": provider }));
        self.owner = Arc::new(owner);
    }

    fn has(&self) -> Option<String> {
        street(self.provider.has(&key()).as_ref())
    }

    async fn claims(&self) -> Option<String> {
        let number = self.stored().await?;
        assert_eq!(
            number.public.get("e911"),
            number.features.get(&Feature::E911)
        );
        street(number.features.get(&Feature::E911))
    }
}

fn key() -> E164 {
    E164::try_from(NUMBER).unwrap()
}

fn street(address: Option<&Value>) -> Option<String> {
    Some(address?["street_address"].as_str()?.to_owned())
}

fn refusal(result: Result<Number, EngineError>) -> NumberError {
    match result {
        Err(EngineError::Number(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_record_has_the_address_that_the_provider_confirmed() {
    let town = town().await;
    town.in_service(NUMBER).await;
    let number = town.set("116 Natoma St").await.unwrap();
    let confirmed = &number.features[&Feature::E911];
    assert_eq!(confirmed["street_address"], "116 NATOMA ST");
    assert_eq!(confirmed["status"], "PROVISIONED");
    // Nobody gave a name: the account's.
    assert_eq!(confirmed["caller_name"], "Bakery");
    assert_eq!(number.public["e911"], *confirmed);
    assert_eq!(town.state().await, SetupState::Provisioned);
    assert_eq!(town.stored().await.unwrap(), number);
    town.provider.calls();

    // A client that sends back what it read asks nobody.
    let document = Value::Object(number.public.clone());
    town.ask(NUMBER, Operation::Replace, document)
        .await
        .unwrap();
    assert_eq!(town.provider.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn whom_to_notify_stays_however_the_address_came() {
    for act in [Act::Works, Act::Later, Act::LostAfter] {
        let town = town().await;
        town.in_service(NUMBER).await;
        town.provider.next(&[act]);
        let mut wanted = address("1 A St");
        wanted["notification_contact_emails"] = json!(["front@example.com"]);
        let fields = json!({ "e911": wanted });
        town.ask(NUMBER, Operation::Merge, fields).await.unwrap();
        town.job().await;
        let number = town.stored().await.unwrap();
        let shown = &number.public["e911"];
        assert_eq!(
            shown["notification_contact_emails"],
            json!(["front@example.com"]),
            "{act:?}"
        );
        assert_eq!(Some(shown), number.features.get(&Feature::E911));
    }
}

#[tokio::test]
async fn what_the_provider_does_not_know_changes_nothing() {
    let town = town().await;
    town.in_service(NUMBER).await;
    let before = town.stored().await;
    let NumberError::AddressAmbiguous { candidates, .. } = refusal(town.set("12 Sample").await)
    else {
        panic!()
    };
    let streets: Vec<&Value> = candidates
        .iter()
        .map(|one| &one["street_address"])
        .collect();
    assert_eq!(streets, ["12 SAMPLE ST", "12 SAMPLE AVE"]);
    assert!(matches!(
        refusal(town.set("Nowhere").await),
        NumberError::AddressInvalid { message, provider, .. }
            if message == "Location is not geocoded" && provider == "dash_e911"
    ));
    assert!(matches!(
        refusal(town.set("Down").await),
        NumberError::ProviderFault { .. }
    ));
    town.provider.next(&[Act::Refused]);
    assert!(matches!(
        refusal(town.set("1 A St").await),
        NumberError::ProviderFault {
            reason: Some(_),
            ..
        }
    ));
    assert_eq!((town.stored().await, town.has()), (before, None));
    assert_eq!(town.state().await, SetupState::Failed);
}

#[tokio::test]
async fn nobody_is_asked_twice_when_the_answer_was_lost() {
    for (act, found) in [(Act::LostAfter, Some("1 A ST")), (Act::LostBefore, None)] {
        let town = town().await;
        town.in_service(NUMBER).await;
        town.provider.next(&[act]);
        let fields = json!({ "e911": address("1 A St"), "note": 7 });
        let number = town.ask(NUMBER, Operation::Merge, fields).await.unwrap();
        assert_eq!(number.address_work, Some(AddressWork::Pending));
        assert_eq!(
            (number.public.get("e911"), &number.public["note"]),
            (None, &json!(7))
        );
        // Until it is known nobody sets another.
        assert_eq!(
            refusal(town.set("2 B St").await),
            NumberError::AddressBusy(key())
        );
        town.job().await;
        assert_eq!(town.claims().await.as_deref(), found);
        assert_eq!(town.has().as_deref(), found);
        let number = town.stored().await.unwrap();
        assert_eq!(
            (number.address_work, &number.public["note"]),
            (None, &json!(7))
        );
        let placed = town.provider.calls();
        assert_eq!(placed.iter().filter(|call| *call == "place").count(), 1);
    }
}

#[tokio::test]
async fn the_old_address_stands_until_the_new_one_works() {
    let town = town().await;
    town.in_service(NUMBER).await;
    town.set("1 A St").await.unwrap();
    town.provider.next(&[Act::Refused]);
    refusal(town.set("2 B St").await);
    assert_eq!(town.claims().await.as_deref(), Some("1 A ST"));
    assert_eq!(town.state().await, SetupState::Provisioned);
    town.provider.next(&[Act::Later]);
    let number = town.set("2 B St").await.unwrap();
    assert_eq!(number.address_work, Some(AddressWork::Pending));
    assert_eq!(town.claims().await.as_deref(), Some("1 A ST"));
    town.job().await;
    assert_eq!(town.claims().await.as_deref(), Some("2 B ST"));
    // Lost before it arrived: the provider says that the old one holds.
    town.provider.next(&[Act::LostBefore]);
    town.set("3 C St").await.unwrap();
    town.job().await;
    assert_eq!(town.claims().await.as_deref(), Some("2 B ST"));
    assert_eq!(town.has().as_deref(), Some("2 B ST"));
    assert_eq!(town.stored().await.unwrap().address_work, None);
}

/// Of an address whose fate is open the next one would make an orphan: what it
/// was is asked for first, or taken away.
#[tokio::test]
async fn another_address_waits_until_it_is_known_what_became_of_the_one_before() {
    let town = town().await;
    town.in_service(NUMBER).await;
    town.provider.next(&[Act::Later]);
    town.set("1 Later St").await.unwrap();
    assert_eq!(town.state().await, SetupState::Pending);
    assert_eq!(
        refusal(town.set("2 Next St").await),
        NumberError::AddressBusy(key())
    );
    town.job().await;
    assert_eq!(town.claims().await, town.has());
    assert_eq!(town.has().as_deref(), Some("1 LATER ST"));
    // One that can't be taken away yet is tried again, and not forgotten.
    town.provider.next(&[Act::Refused]);
    let gone = json!({ "e911": null });
    town.ask(NUMBER, Operation::Merge, gone).await.unwrap();
    assert_eq!(town.state().await, SetupState::Leaving);
    assert_eq!(
        refusal(town.set("2 Next St").await),
        NumberError::AddressBusy(key())
    );
    town.job().await;
    assert_eq!((town.has(), town.claims().await), (None, None));
    town.set("2 Next St").await.unwrap();
    assert_eq!(town.claims().await, town.has());
}

#[tokio::test]
async fn an_address_goes_from_the_record_with_the_carrier_that_could_have_it() {
    let town = town().await;
    town.in_service(NUMBER).await;
    town.set("1 Main St").await.unwrap();
    let local = json!({ "carrier_name": "local" });
    let number = town.ask(NUMBER, Operation::Merge, local).await.unwrap();
    assert_eq!(number.public.get("e911"), None);
    town.job().await;
    assert_eq!((town.has(), town.claims().await), (None, None));
    assert_eq!(town.stored().await.unwrap().public.get("e911"), None);
}

#[tokio::test]
async fn an_address_goes_at_the_provider_however_often_that_fails() {
    for release in [false, true] {
        let town = town().await;
        town.in_service(NUMBER).await;
        town.set("1 A St").await.unwrap();
        town.provider
            .next(&[Act::Refused, Act::LostBefore, Act::Later]);
        let (operation, fields) = if release {
            (Operation::Release, json!({}))
        } else {
            (Operation::Merge, json!({ "e911": null }))
        };
        let number = town.ask(NUMBER, operation, fields).await.unwrap();
        assert_eq!(number.features.get(&Feature::E911), None);
        assert_eq!(number.address_work, Some(AddressWork::Removing));
        assert!(town.has().is_some());
        town.job().await;
        assert_eq!(town.has(), None);
        assert_eq!(town.state().await, SetupState::Removed);
        let number = town.stored().await.unwrap();
        assert_eq!(number.address_work, None);
        let removed = town.provider.calls();
        assert_eq!(removed.iter().filter(|call| *call == "remove").count(), 4);
    }
}

#[tokio::test]
async fn what_costs_something_is_agreed_to_before_anything_is_placed() {
    let prices = json!({ "number_services": { "dash_e911": 1.5 } });
    let town = town_with(serde_json::from_value(prices).unwrap()).await;
    town.in_service(NUMBER).await;
    let fields = json!({ "e911": address("1 A St") });
    let asked = |accept| town.ask_paying(NUMBER, Operation::Merge, fields.clone(), accept);
    let Err(EngineError::Charges(quote)) = asked(false).await else {
        panic!()
    };
    assert_eq!(quote.items[0].charge.item, "dash_e911");
    assert_eq!(
        (town.provider.calls(), town.has()),
        (vec!["check".to_owned()], None)
    );
    asked(true).await.unwrap();
    assert_eq!(town.has().as_deref(), Some("1 A ST"));
    // What nobody can find is said before what it would cost.
    let fields = json!({ "e911": address("Nowhere") });
    let refused = town
        .ask_paying(NUMBER, Operation::Merge, fields, false)
        .await;
    assert!(matches!(
        refusal(refused),
        NumberError::AddressInvalid { .. }
    ));
}

#[tokio::test]
async fn numbers_of_a_collection_are_each_on_their_own() {
    let town = town().await;
    let numbers = ["+14155550101", "+14155550102", "+14155550103"];
    for number in numbers {
        town.in_service(number).await;
    }
    town.provider.next(&[Act::Works, Act::Refused, Act::Works]);
    let fields = json!({ "e911": address("1 A St") });
    let request = ChangeRequest {
        target: Some(&town.owner),
        command: Command::new(Operation::Merge, object(fields)),
        accept_charges: true,
    };
    let texts = numbers.map(str::to_owned);
    let engine = &town.world.engine;
    let outcomes = engine.change(&system(), &request, &texts).await.unwrap();
    let done = outcomes.iter().filter(|outcome| outcome.result.is_ok());
    assert_eq!(done.count(), 2);
    let calls = town.provider.calls();
    assert_eq!(calls.iter().filter(|call| *call == "check").count(), 1);
    let mut addresses = Vec::new();
    for outcome in &outcomes {
        let key = E164::try_from(outcome.key.as_str()).unwrap();
        let stored = town.world.store.number(&key).await.unwrap().unwrap();
        let claims = stored.features.get(&Feature::E911);
        assert_eq!(claims, town.provider.has(&key).as_ref());
        assert_eq!(claims.is_some(), outcome.result.is_ok());
        let setup = engine.addresses().setup(&key).await.unwrap().unwrap();
        addresses.push(setup.address_id);
    }
    // It is one address, whoever has it.
    addresses.dedup();
    assert_eq!(addresses.len(), 1);
    let uncovered = engine
        .e911_coverage(&town.owner, &Page::first(10))
        .await
        .unwrap();
    let [uncovered] = &uncovered[..] else {
        panic!("{uncovered:?}")
    };
    assert_eq!(
        uncovered.setup.as_ref().unwrap().state(),
        SetupState::Failed
    );
}

#[tokio::test]
async fn a_reseller_chooses_its_own_provider() {
    let provider = Arc::new(Played::new("dash_e911"));
    let theirs = Arc::new(Played::new("telnyx_e911"));
    let mut providers = Providers::default();
    providers.add_emergency(Arc::clone(&provider) as Arc<_>);
    providers.add_emergency(Arc::clone(&theirs) as Arc<_>);
    let settings = Settings {
        orders: IMPATIENT,
        ..Settings::default()
    };
    let world = world_of(settings, providers).await;
    let owner = Arc::new(world.master().clone());
    let mut town = Town {
        world,
        provider,
        owner,
    };
    let create = Operation::Create(State::InService);
    let fields = json!({ "carrier_name": "telnyx" });
    town.ask(NUMBER, create, fields).await.unwrap();
    town.set("1 A St").await.unwrap();
    assert!(town.has().is_some());

    let mut account = Account::clone(&town.owner);
    account.number_manager = object(json!({ "e911_provider": "knm_telnyx_e911" }));
    account.revision = account.revision.next();
    let put = store::Operation::PutAccount(Box::new(account.clone()));
    let batch = store::Batch::new().then(put);
    town.world.store.write(batch).await.unwrap().unwrap();
    town.owner = Arc::new(account);
    let number = town.set("2 B St").await.unwrap();
    assert_eq!(
        street(theirs.has(&key()).as_ref()).as_deref(),
        Some("2 B ST")
    );
    assert_eq!(number.features[&Feature::E911]["street_address"], "2 B ST");
    // An administrator learns why another carrier's number has no chance.
    let other = "+14155550102";
    let create = Operation::Create(State::InService);
    let fields = json!({ "carrier_name": "vitelity" });
    town.ask(other, create, fields).await.unwrap();
    theirs.next(&[Act::Refused]);
    let fields = json!({ "e911": address("1 A St") });
    let refused = refusal(town.ask(other, Operation::Merge, fields).await);
    assert!(matches!(
        refused,
        NumberError::ProviderFault { reason: Some(reason), .. }
            if reason.ends_with("of telnyx's numbers only, not of vitelity's")
    ));
    // The other one doesn't keep what nobody claims.
    town.job().await;
    assert_eq!(town.has(), None);
    assert_eq!(town.claims().await.as_deref(), Some("2 B ST"));
}
