//! Every carrier and everything that can go wrong on the way: what isn't known
//! is never told as known.
//!
//! | asked | faults | what must hold |
//! | --- | --- | --- |
//! | search, owned, holds, status | [`ON_THE_WAY`] and [`Fault::LOST`], with whatever is asked | no list is short, no number of ours gone, no order refused or unheard of |
//! | release | the same, with the release and with whatever is asked | where it went it may not be called certain that it didn't, and asking settles it |
//! | order | `world::refusing`, `world::losing`, `world::unheard`; [`ordering`] the rest | as those say |
//!
//! `WrongNumber` is an order's alone: vendors find numbers by a part of them, so
//! that an answer about another one is no fault of a look-up. `UnknownCode` is a
//! provider's, and `DuplicateHook` is met where webhooks are.

use carriers::{Carrier, CarrierError, Failure, OrderId, Orders, Placed, Release, Verdict};
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use serde_json::{Map, Value, json};
use simulators::{Fault, Wire};

use crate::world::{Kind, World, sent};

/// Those besides [`Fault::LOST`].
const ON_THE_WAY: [Fault; 5] = [
    Fault::TooMany,
    Fault::Unauthorized,
    Fault::Unavailable,
    Fault::ErrorBefore,
    Fault::Huge,
];

/// Whatever is asked meets faults, not only what orders and releases.
const fn anywhere(kind: Kind) -> Kind {
    Kind {
        wire: Wire {
            spends: |_, _, _| true,
            ..kind.wire
        },
        ..kind
    }
}

/// A number that is ours there, and what is known of it.
struct Held {
    world: World,
    number: E164,
    data: Map<String, Value>,
}

fn id(n: u8) -> OrderId {
    OrderId(format!("{n:032x}"))
}

impl Held {
    async fn new(kind: Kind) -> Self {
        let world = World::with(kind, json!({"timeout_ms": 300})).await;
        let (number, data) = if world.carrier().offers().is_some() {
            let offer = world.find(1).await.expect("offers").remove(0);
            world.buy(&id(1), offer).await
        } else {
            let number = "+14155550101";
            let bought = [number.to_owned()];
            world.vendor().order_at_once("", &bought).expect("bought");
            (number.parse().expect("a number"), Map::new())
        };
        Self {
            world,
            number,
            data,
        }
    }

    fn orders(&self) -> &dyn Orders {
        self.world.carrier().orders().expect("it takes orders")
    }

    async fn release(&self) -> Result<Release, CarrierError> {
        self.world.give_back(&self.number, &self.data).await
    }
}

/// Each question, under each fault.
pub async fn looking(kind: Kind) {
    let kind = anywhere(kind);
    for fault in ON_THE_WAY.into_iter().chain(Fault::LOST) {
        // The breaker opens after some, so that each question is a new world's.
        let held = Held::new(kind).await;
        held.world.vendor().faults.random(1, 1.0, &[fault]);
        if held.world.carrier().offers().is_some() {
            let found = held.world.find(3).await;
            assert!(found.is_err(), "{fault:?} {found:?}");
        }
        let held = Held::new(kind).await;
        held.world.vendor().faults.random(1, 1.0, &[fault]);
        let listed = held.orders().owned(None).await;
        assert!(listed.is_err(), "{fault:?} {listed:?}");
        let holds = held.orders().holds(&held.number).await;
        assert_ne!(holds, Ok(None), "{fault:?}");
        let held = Held::new(kind).await;
        held.world.vendor().faults.random(1, 1.0, &[fault]);
        let placed = Placed {
            id: &id(1),
            vendor: &Map::new(),
            numbers: std::slice::from_ref(&held.number),
        };
        if let Ok(standing) = held.orders().status(&placed).await {
            let lost = |verdict: &Verdict| !matches!(verdict, Verdict::Open | Verdict::Ours(_));
            let mut verdicts = standing.numbers.iter();
            let lost = verdicts.any(|(_, verdict)| lost(verdict));
            assert!(!lost, "{fault:?} {standing:?}");
        }
    }
}

/// A release, where it meets a fault itself, and where what is asked before and
/// after it does.
pub async fn releasing(kind: Kind) {
    for kind in [kind, anywhere(kind)] {
        for fault in ON_THE_WAY.into_iter().chain(Fault::LOST) {
            let held = Held::new(kind).await;
            let vendor = held.world.vendor();
            vendor.faults.random(1, 1.0, &[fault]);
            let released = held.release().await;
            let went = vendor.owned(None, 10).is_empty();
            match &released {
                Err(error) if went => {
                    assert_eq!(error.failure, Failure::Unknown, "{fault:?} {error:?}");
                }
                Err(_) => {}
                Ok(said) => assert!(went || *said == Release::Open, "{fault:?} {said:?}"),
            }
            vendor.faults.stop();
            // A new client: the breaker of this one may be open.
            let again = held.world.again();
            let orders = again.get(&CarrierName::new(kind.name));
            let orders = orders.and_then(Carrier::orders).expect("it takes orders");
            let holds = orders.holds(&held.number).await.expect("an answer");
            assert_eq!(holds.is_none(), went, "{fault:?}");
            let done = orders
                .release(&sent(&id(9)).await, &held.number, &held.data)
                .await;
            assert!(done.is_ok(), "{fault:?} {done:?}");
            let holds = orders.holds(&held.number).await.expect("an answer");
            assert_eq!(holds, None, "{fault:?}");
        }
    }
}

/// What is meant by faults of an order that say for certain, or not, whether it
/// was done; and what becomes of one that is done in part.
pub async fn ordering(kind: Kind) {
    for (fault, meant) in [
        (Fault::Unauthorized, Failure::Refused),
        (Fault::Unavailable, Failure::Unknown),
        (Fault::Deep, Failure::Unknown),
        (Fault::Huge, Failure::Unknown),
    ] {
        let world = World::new(kind).await;
        let found = world.find(1).await.expect("offers");
        world.vendor().faults.script([fault]);
        let error = world.order(&id(1), &found).await.expect_err("no answer");
        assert_eq!(error.failure, meant, "{fault:?} {error:?}");
    }
    let world = World::new(kind).await;
    let most = world
        .carrier()
        .orders()
        .map_or(1, <dyn Orders>::most_per_order);
    if most < 2 {
        return;
    }
    let found = world.find(2).await.expect("offers");
    world.vendor().faults.script([Fault::Partial]);
    let mut standing = world.order(&id(1), &found).await.expect("ordered");
    let kept = standing.vendor.clone();
    let numbers: Vec<E164> = found.iter().map(|offer| offer.number().clone()).collect();
    for _ in 0..5 {
        let open = |(_, verdict): &(E164, Verdict)| *verdict == Verdict::Open;
        if standing.numbers.iter().any(open) {
            standing = world.status(&id(1), &kept, &numbers).await;
        }
    }
    for (number, verdict) in &standing.numbers {
        let is_ours = world.vendor().owned(None, 10).contains(&number.to_string());
        match verdict {
            Verdict::Ours(_) => assert!(is_ours, "{number}"),
            Verdict::Refused(_) => assert!(!is_ours, "{number}"),
            other => panic!("{number}: {other:?}"),
        }
    }
}
