//! Whatever fails when: no number claims an address that its provider doesn't
//! have, and in the end both agree.

use std::sync::Arc;

use numbers::life::Operation;
use proptest::prelude::*;
use providers::Providers;
use serde_json::json;

use crate::support::provider::{Act, Played};
use crate::{NUMBER, Town, key, street, town_of};

#[derive(Clone, Debug)]
enum Move {
    Set(&'static str),
    /// Another provider is asked from now on, or the first one again.
    Choose(&'static str),
    Note,
    Clear,
    Release,
    Activate,
    Job,
}

fn moves() -> impl Strategy<Value = (Move, Vec<Act>, Vec<bool>)> {
    let act = prop_oneof![
        4 => Just(Act::Works),
        2 => Just(Act::Later),
        1 => Just(Act::Refused),
        2 => Just(Act::LostAfter),
        2 => Just(Act::LostBefore),
        1 => Just(Act::Fails),
        1 => Just(Act::FailsBare),
    ];
    let step = prop_oneof![
        4 => prop_oneof![Just("1 A St"), Just("2 B St"), Just("12 Sample")].prop_map(Move::Set),
        1 => prop_oneof![Just("dash_e911"), Just("telnyx_e911")].prop_map(Move::Choose),
        1 => Just(Move::Note),
        2 => Just(Move::Clear),
        2 => Just(Move::Release),
        2 => Just(Move::Activate),
        2 => Just(Move::Job),
    ];
    let silences = proptest::collection::vec(any::<bool>(), 0..3);
    (step, proptest::collection::vec(act, 0..3), silences)
}

/// Two providers, one of which the owner's addresses are asked of.
struct Two {
    town: Town,
    other: Arc<Played>,
}

impl Two {
    async fn new() -> Self {
        let other = Arc::new(Played::new("telnyx_e911"));
        let mut providers = Providers::default();
        providers.add_emergency(Arc::clone(&other) as Arc<_>);
        let town = town_of(providers).await;
        town.in_service(NUMBER).await;
        Self { town, other }
    }

    async fn make(&mut self, step: Move) {
        let town = &mut self.town;
        // Refused or not: it is what is true afterwards that counts.
        match step {
            Move::Set(street) => drop(town.set_with(street, &mail(street)).await),
            Move::Choose(provider) => town.choose(provider),
            Move::Note => drop(
                town.ask(NUMBER, Operation::Merge, json!({ "note": 1 }))
                    .await,
            ),
            Move::Clear => drop(town.clear().await),
            Move::Release => drop(town.ask(NUMBER, Operation::Release, json!({})).await),
            Move::Activate => drop(town.ask(NUMBER, Operation::Activate, json!({})).await),
            Move::Job => town.job().await,
        }
    }

    /// What the provider that has it, if one has, and the other one have.
    async fn have(&self) -> (Option<String>, Option<String>) {
        let (first, other) = (self.town.has(), street(self.other.has(&key()).as_ref()));
        let setup = self.town.setup().await;
        if setup.is_some_and(|setup| setup.provider.as_str() == "telnyx_e911") {
            (other, first)
        } else {
            (first, other)
        }
    }

    /// Where the number says that nothing is under way, it has what it claims.
    async fn check(&self) {
        let number = self.town.stored().await.unwrap();
        let claims = self.town.claims().await;
        if number.address_work.is_none() {
            assert_eq!(claims, self.have().await.0);
        }
        // Whoever is to be notified is so for this address.
        assert_eq!(self.town.contact().await, claims.as_deref().map(mail));
    }
}

/// Whom to notify of calls from an address.
fn mail(street: &str) -> String {
    let user = street.to_lowercase().replace(' ', ".");
    format!("{user}@example.com")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_fails_a_number_claims_what_its_provider_has(
        steps in proptest::collection::vec(moves(), 1..14),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let mut two = Two::new().await;
            for (step, acts, silences) in steps {
                for provider in [&two.town.provider, &two.other] {
                    provider.next(&acts);
                    provider.is_silent(&silences);
                }
                two.make(step).await;
                two.check().await;
            }
            for provider in [&two.town.provider, &two.other] {
                provider.next(&[]);
                provider.is_silent(&[]);
            }
            two.town.job().await;
            two.check().await;
            assert_eq!(two.town.stored().await.unwrap().address_work, None);
            assert_eq!(two.have().await.1, None);
        });
    }
}
