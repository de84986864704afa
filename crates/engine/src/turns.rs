//! Turns for those who lost a race for a number: within a node they decide
//! anew one after the other, so that of many changes at the same moment each
//! is done, and none gives up against the others.

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use numbers::e164::E164;
use tokio::sync::{Mutex, MutexGuard};

/// More than there are ever hot numbers at once.
const LANES: usize = 256;

/// A lane for each number; several numbers may share one.
pub(crate) struct Turns {
    lanes: Vec<Mutex<()>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            lanes: (0..LANES).map(|_| Mutex::default()).collect(),
        }
    }
}

impl Turns {
    /// Waits until it is the caller's turn with all of these numbers; it is
    /// until the guards are dropped. Lanes are taken in one order by everybody,
    /// so nobody waits for somebody who waits for him.
    pub(crate) async fn wait(&self, keys: impl Iterator<Item = &E164>) -> Vec<MutexGuard<'_, ()>> {
        let lanes: BTreeSet<usize> = keys.map(lane).collect();
        let mut turns = Vec::with_capacity(lanes.len());
        for lane in lanes {
            turns.push(self.lanes[lane].lock().await);
        }
        turns
    }
}

fn lane(key: &E164) -> usize {
    let mut hasher = DefaultHasher::new();
    key.as_str().hash(&mut hasher);
    usize::try_from(hasher.finish() % LANES as u64).unwrap_or_default()
}
