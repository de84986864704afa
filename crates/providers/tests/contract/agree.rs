//! Whatever fails when: what a caller believes that a provider has is what it
//! has, once it has asked. The caller does as numberd does: it claims only what
//! was confirmed, asks for what is open, and removes until that is confirmed.

use providers::{Address, Checked, Failure, Located, Placed, Removal, Standing};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use simulators::Fault;

use crate::world::{Kind, NUMBER, World, address};

/// Every fault that needs no waiting for.
const FAULTS: [Fault; 11] = [
    Fault::Refuse,
    Fault::UnknownCode,
    Fault::TooMany,
    Fault::Unauthorized,
    Fault::Unavailable,
    Fault::ErrorBefore,
    Fault::ErrorAfter,
    Fault::DropAfter,
    Fault::Malformed,
    Fault::Bomb,
    Fault::Deep,
];
/// As many as a change takes at most.
const CALLS: usize = 6;
const SEEDS: u64 = 10;
const STEPS: usize = 8;
const RATE: f64 = 0.3;

/// Who uses the provider.
struct Caller {
    world: World,
    /// What it claims: the number's address in force.
    claim: Option<Located>,
}

impl Caller {
    /// What can be said of an address from both sides.
    fn claimed(&self) -> Option<(String, String)> {
        let fields = &self.claim.as_ref()?.fields;
        let text = |name: &str| fields[name].as_str().unwrap_or_default().to_uppercase();
        Some((text("street_address"), text("caller_name")))
    }

    fn has(&self) -> Option<(String, String)> {
        let kept = self.world.vendor().emergency.in_force(NUMBER)?;
        Some((kept.place.address.street, kept.caller_name.to_uppercase()))
    }

    async fn place(&mut self, asked: &Address) {
        let Ok(Checked::Found(located)) = self.world.provider.check(asked).await else {
            self.world.restart();
            return;
        };
        let before = self.claim.clone();
        match self.world.try_place(asked, &located, before.as_ref()).await {
            Ok(Placed::Provisioned(placed)) => self.claim = Some(placed),
            Ok(Placed::Pending(open)) => self.settle(open).await,
            Err(error) if error.failure == Failure::Unknown => self.settle(located).await,
            Err(_) => {}
        }
    }

    /// Asks until it is known. That there is nothing is believed only after a
    /// while: what wasn't answered may be on its way.
    async fn settle(&mut self, mut open: Located) {
        let mut nothing = 0;
        loop {
            match self.world.try_standing(&open).await {
                Ok(Standing::Provisioned(located)) => {
                    self.claim = Some(located);
                    return;
                }
                Ok(Standing::Pending(located)) => open = located,
                Ok(Standing::Failed { .. }) => return,
                Ok(Standing::Nothing) => {
                    nothing += 1;
                    if nothing > 5 {
                        return;
                    }
                }
                Err(_) => self.world.restart(),
            }
        }
    }

    async fn remove(&mut self) {
        let keys = self.claim.clone().unwrap_or_default().keys;
        loop {
            match self.world.try_remove(&keys).await {
                Ok(Removal::Done) => break,
                Ok(Removal::Open) => {}
                Err(_) => self.world.restart(),
            }
        }
        self.claim = None;
    }
}

/// One fault at one call: of a change, and of a removal.
pub async fn at_every_call(kind: Kind) {
    for fault in FAULTS {
        for call in 0..CALLS {
            let world = World::with(kind, json!({})).await;
            let mut caller = Caller { world, claim: None };
            caller.place(&address("301 Marina Blvd")).await;
            let faults = &caller.world.vendor().faults;
            faults.script_after(call, fault);
            caller.place(&address("1000 Lincoln Ave")).await;
            assert_eq!(caller.claimed(), caller.has(), "{fault:?} at {call}");
            let faults = &caller.world.vendor().faults;
            faults.stop();
            faults.script_after(call, fault);
            caller.remove().await;
            assert_eq!(caller.has(), None, "{fault:?} at {call}");
        }
    }
}

/// Faults at random, some after the other.
pub async fn at_random(kind: Kind) {
    for seed in 0..SEEDS {
        let mut rng = StdRng::seed_from_u64(seed);
        let world = World::with(kind, json!({"timeout_ms": 5000})).await;
        let emergency = &world.vendor().emergency;
        // What goes first and isn't in force again at once is a gap.
        let patience = rng.random_range(0..3);
        emergency.set_patience(if kind.has_gaps { 0 } else { patience });
        world.vendor().faults.random(seed, RATE, &FAULTS);
        let mut caller = Caller { world, claim: None };
        for step in 0..STEPS {
            let asked = match rng.random_range(0..4) {
                0 => Some(address("301 Marina Blvd")),
                1 => Some(address("1000 Lincoln Ave")),
                2 => Some(Address {
                    caller_name: "Example Cinema".to_owned(),
                    ..address("301 Marina Blvd")
                }),
                _ => None,
            };
            match &asked {
                Some(asked) => caller.place(asked).await,
                None => caller.remove().await,
            }
            assert_eq!(
                caller.claimed(),
                caller.has(),
                "seed {seed} step {step} {asked:?}"
            );
        }
        caller.world.vendor().faults.stop();
        caller.remove().await;
        assert_eq!(caller.has(), None, "seed {seed}");
        let left = caller.world.vendor().emergency.all(None);
        assert_eq!(left, [], "seed {seed}");
    }
}
