//! Whose provider is asked, and under whose name.

use std::sync::Arc;

use engine::change::ChangeRequest;
use numbers::account::Account;
use numbers::feature::Feature;
use numbers::life::Operation;
use numbers::plan::Command;
use providers::Providers;
use serde_json::json;

use crate::support::provider::Played;
use crate::support::{object, system};
use crate::{NUMBER, address, key, street, town_of};

/// An administrator may change a number under any account's URL.
#[tokio::test]
async fn an_address_is_its_owners_whoever_sets_it() {
    let theirs = Arc::new(Played::new("telnyx_e911"));
    let mut providers = Providers::default();
    providers.add_emergency(Arc::clone(&theirs) as Arc<_>);
    let town = town_of(providers).await;
    town.in_service(NUMBER).await;
    let master = town.world.master().id.clone();
    let mut other = Account::clone(&town.world.child(&master, "Elsewhere").await);
    other.is_reseller = true;
    other.number_manager = object(json!({ "e911_provider": "telnyx_e911" }));
    let request = ChangeRequest {
        target: Some(&Arc::new(other)),
        command: Command::new(
            Operation::Merge,
            object(json!({ "e911": address("1 A St") })),
        ),
        accept_charges: true,
    };
    let engine = &town.world.engine;
    let view = engine.change_one(&system(), &request, NUMBER).await;
    let view = view.unwrap();
    assert_eq!(
        view.number.features[&Feature::E911]["caller_name"],
        "Bakery"
    );
    assert_eq!(view.address_warning, None);
    assert_eq!(town.has().as_deref(), Some("1 A ST"));
    assert_eq!(street(theirs.has(&key()).as_ref()), None);
}
