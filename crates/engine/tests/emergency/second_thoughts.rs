//! What was asked for isn't wanted any more, or comes to nothing: then it goes,
//! and what was before is as it was.

use std::sync::Arc;

use engine::emergency::SetupState;
use numbers::error::NumberError;
use numbers::feature::e911::AddressWork;
use numbers::life::Operation;
use providers::Providers;
use serde_json::json;

use crate::support::provider::{Act, Played};
use crate::{NUMBER, key, patient_town, refusal, street, town, town_of};

#[tokio::test]
async fn an_address_that_is_not_wanted_any_more_goes_wherever_it_is() {
    for act in [Act::Later, Act::LostAfter, Act::LostBefore, Act::Fails] {
        let town = town().await;
        town.in_service(NUMBER).await;
        town.provider.next(&[act, Act::Refused, Act::LostBefore]);
        let number = town.set("1 A St").await.unwrap();
        assert_eq!(number.address_work, Some(AddressWork::Pending));
        let number = town.clear().await.unwrap();
        assert_eq!(number.address_work, Some(AddressWork::Removing), "{act:?}");
        town.job().await;
        assert_eq!((town.has(), town.claims().await), (None, None), "{act:?}");
        assert_eq!(town.state().await, SetupState::Removed);
        assert_eq!(town.stored().await.unwrap().address_work, None);
        let removals = town.provider.calls();
        let removals = removals.iter().filter(|call| *call == "remove");
        assert_eq!(removals.count(), 3, "{act:?}");
        town.set("2 B St").await.unwrap();
        assert_eq!(town.has().as_deref(), Some("2 B ST"));
    }
}

#[tokio::test]
async fn an_address_that_is_there_again_has_its_own_contacts_and_words() {
    for act in [Act::Refused, Act::Fails, Act::LostBefore] {
        let town = town().await;
        town.in_service(NUMBER).await;
        town.set_with("1 A St", "a@example.com").await.unwrap();
        town.provider.next(&[act]);
        drop(town.set_with("2 B St", "b@example.com").await);
        town.job().await;
        assert_eq!(town.claims().await.as_deref(), Some("1 A ST"));
        assert_eq!(town.contact().await.as_deref(), Some("a@example.com"));
        let setup = town.setup().await.unwrap();
        assert_eq!(setup.state(), SetupState::Provisioned, "{act:?}");
        assert_eq!(setup.asked["street_address"], "1 A St");
        assert_eq!(
            setup.asked["notification_contact_emails"][0],
            "a@example.com"
        );
        assert_eq!(setup.located.fields["street_address"], "1 A ST");
    }
}

/// That the new address failed doesn't tell whether the old one is there.
#[tokio::test]
async fn a_refusal_is_told_once_it_is_known_what_the_number_has() {
    let town = patient_town().await;
    town.in_service(NUMBER).await;
    town.set("1 A St").await.unwrap();
    town.provider.next(&[Act::Fails]);
    assert!(matches!(
        refusal(town.set("2 B St").await),
        NumberError::ProviderFault { .. }
    ));
    assert_eq!(town.claims().await.as_deref(), Some("1 A ST"));
    assert_eq!(town.stored().await.unwrap().address_work, None);
    // It answers for the new one, and for the old one it doesn't.
    for (act, left) in [(Act::Fails, Some("1 A ST")), (Act::FailsBare, None)] {
        town.provider.next(&[act]);
        town.provider.is_silent(&[false, true]);
        let number = town.set("2 B St").await.unwrap();
        assert_eq!(number.address_work, Some(AddressWork::Pending));
        town.job().await;
        assert_eq!(town.claims().await.as_deref(), left);
        assert_eq!(town.has().as_deref(), left);
        assert_eq!(town.stored().await.unwrap().address_work, None);
    }
}

#[tokio::test]
async fn what_another_provider_has_stands_until_the_new_one_works() {
    for act in [Act::Refused, Act::Fails, Act::LostBefore, Act::Later] {
        let theirs = Arc::new(Played::new("telnyx_e911"));
        let mut providers = Providers::default();
        providers.add_emergency(Arc::clone(&theirs) as Arc<_>);
        let mut town = town_of(providers).await;
        let has_theirs = || street(theirs.has(&key()).as_ref());
        town.in_service(NUMBER).await;
        town.set_with("1 A St", "a@example.com").await.unwrap();
        town.choose("telnyx_e911");
        theirs.next(&[act]);
        drop(town.set_with("2 B St", "b@example.com").await);
        assert_eq!(town.claims().await.as_deref(), Some("1 A ST"), "{act:?}");
        assert_eq!(town.has().as_deref(), Some("1 A ST"));
        if act == Act::Later {
            // What is under way there goes with the number, and so does the rest.
            town.provider.next(&[Act::Refused]);
            let released = town.ask(NUMBER, Operation::Release, json!({})).await;
            let work = released.unwrap().address_work;
            assert_eq!(work, Some(AddressWork::Removing));
            town.job().await;
            assert_eq!((town.has(), has_theirs()), (None, None));
            assert_eq!(town.stored().await.unwrap().address_work, None);
            continue;
        }
        town.job().await;
        assert_eq!(town.claims().await.as_deref(), Some("1 A ST"), "{act:?}");
        assert_eq!(town.contact().await.as_deref(), Some("a@example.com"));
        assert_eq!((town.has(), has_theirs()), (Some("1 A ST".into()), None));
        // And it works from there on: to the other one, and back.
        town.set("3 C St").await.unwrap();
        town.choose("dash_e911");
        // The old one there is taken away first.
        assert_eq!(
            refusal(town.set("4 D St").await),
            NumberError::AddressBusy(key())
        );
        town.job().await;
        assert_eq!((town.has(), has_theirs()), (None, Some("3 C ST".into())));
        town.set("4 D St").await.unwrap();
        town.job().await;
        assert_eq!((town.has(), has_theirs()), (Some("4 D ST".into()), None));
        assert_eq!(town.claims().await.as_deref(), Some("4 D ST"));
    }
}
