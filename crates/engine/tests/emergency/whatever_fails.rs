//! Whatever fails when: no number claims an address that its provider doesn't
//! have, and in the end both agree.

use numbers::life::Operation;
use proptest::prelude::*;
use serde_json::json;

use crate::support::provider::Act;
use crate::{NUMBER, town};

#[derive(Clone, Debug)]
enum Move {
    Set(&'static str),
    Note,
    Clear,
    Release,
    Activate,
    Job,
}

fn moves() -> impl Strategy<Value = (Move, Vec<Act>)> {
    let act = prop_oneof![
        4 => Just(Act::Works),
        2 => Just(Act::Later),
        1 => Just(Act::Refused),
        2 => Just(Act::LostAfter),
        2 => Just(Act::LostBefore),
    ];
    let step = prop_oneof![
        4 => prop_oneof![Just("1 A St"), Just("2 B St"), Just("12 Sample")].prop_map(Move::Set),
        1 => Just(Move::Note),
        1 => Just(Move::Clear),
        2 => Just(Move::Release),
        2 => Just(Move::Activate),
        2 => Just(Move::Job),
    ];
    (step, proptest::collection::vec(act, 0..3))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_fails_a_number_claims_what_its_provider_has(
        steps in proptest::collection::vec(moves(), 1..14),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let town = town().await;
            town.in_service(NUMBER).await;
            for (step, acts) in steps {
                town.provider.next(&acts);
                // Refused or not: it is what is true afterwards that counts.
                match step {
                    Move::Set(street) => drop(town.set(street).await),
                    Move::Note => drop(town.ask(NUMBER, Operation::Merge, json!({ "note": 1 })).await),
                    Move::Clear => drop(town.ask(NUMBER, Operation::Merge, json!({ "e911": null })).await),
                    Move::Release => drop(town.ask(NUMBER, Operation::Release, json!({})).await),
                    Move::Activate => drop(town.ask(NUMBER, Operation::Activate, json!({})).await),
                    Move::Job => town.job().await,
                }
                let number = town.stored().await.unwrap();
                if number.address_work.is_none() {
                    assert_eq!(town.claims().await, town.has());
                }
            }
            town.provider.next(&[]);
            town.job().await;
            let number = town.stored().await.unwrap();
            assert_eq!(number.address_work, None);
            assert_eq!(town.claims().await, town.has());
        });
    }
}
