//! What goes wrong at a vendor: on command, one after the other, or at random
//! from a seed.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Something that goes wrong with one request that orders or releases; with any
/// request at a provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The vendor says no, in its own words.
    Refuse,
    /// Some numbers of the order aren't delivered.
    Partial,
    /// 429, nothing done.
    TooMany,
    /// 500, nothing done.
    ErrorBefore,
    /// Done, and then 500.
    ErrorAfter,
    /// Done, and then the connection breaks.
    DropAfter,
    /// Done, and never answered.
    Hang,
    /// Done, and answered byte by byte.
    Drip,
    /// Done, and the answer names another number.
    WrongNumber,
    /// Done, and the answer is broken in the middle.
    Malformed,
    /// Done, and the answer is an entity bomb.
    Bomb,
    /// Done, and the answer is nested a hundred thousand deep.
    Deep,
    /// Done, and the answer is 100 MB long.
    Huge,
    /// 401, nothing done.
    Unauthorized,
    /// 503, nothing done.
    Unavailable,
    /// Nothing done, and told with a code that nobody knows.
    UnknownCode,
    /// Done, and told twice by webhook; at vendors that tell nothing so, nothing
    /// goes wrong.
    DuplicateHook,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 17] = [
        Self::Refuse,
        Self::Partial,
        Self::TooMany,
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::DropAfter,
        Self::Hang,
        Self::Drip,
        Self::WrongNumber,
        Self::Malformed,
        Self::Bomb,
        Self::Deep,
        Self::Huge,
        Self::Unauthorized,
        Self::Unavailable,
        Self::UnknownCode,
        Self::DuplicateHook,
    ];

    /// Those after which something may have been done.
    pub const LOST: [Self; 7] = [
        Self::ErrorAfter,
        Self::DropAfter,
        Self::Hang,
        Self::Drip,
        Self::Malformed,
        Self::Bomb,
        Self::Deep,
    ];

    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        self.told().0
    }

    /// What it is, in a few words.
    pub const fn text(self) -> &'static str {
        self.told().1
    }

    const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Refuse => ("refuse", "Refused, in the vendor's own words"),
            Self::Partial => ("partial-order", "One number of several isn't delivered"),
            Self::TooMany => ("429", "Nothing done"),
            Self::ErrorBefore => ("500-before", "Nothing done, status 500"),
            Self::ErrorAfter => ("500-after", "Done, status 500 all the same"),
            Self::DropAfter => ("drop-after", "Done, and the connection breaks"),
            Self::Hang => ("never-answer", "Done, and never answered"),
            Self::Drip => ("slow-drip", "Done, and answered byte by byte"),
            Self::WrongNumber => ("wrong-number", "Done, and the answer names another number"),
            Self::Malformed => ("malformed", "Done, and the answer ends in its middle"),
            Self::Bomb => ("entity-bomb", "Done, and the answer is an XML entity bomb"),
            Self::Deep => ("deep", "Done, and the answer is nested 100,000 deep"),
            Self::Huge => ("huge", "Done, and the answer is 100 MB long"),
            Self::Unauthorized => ("401", "Nothing done"),
            Self::Unavailable => ("503", "Nothing done"),
            Self::UnknownCode => (
                "unknown-code",
                "Nothing done, with a code that nobody knows",
            ),
            Self::DuplicateHook => (
                "duplicate-webhook",
                "Done, and told twice by the vendors that post webhooks",
            ),
        }
    }

    /// The fault of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// Whether it is the vendor's own logic that fails, not the way.
    const fn is_inside(self) -> bool {
        matches!(
            self,
            Self::Refuse | Self::Partial | Self::UnknownCode | Self::DuplicateHook
        )
    }
}

/// The faults to come.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Plan>);

#[derive(Debug, Default)]
struct Plan {
    /// `None`: that request is left alone.
    scripted: VecDeque<Option<Fault>>,
    random: Option<(StdRng, f64, Vec<Fault>)>,
    /// Drawn for the request under way, to be met inside.
    inside: Option<Fault>,
}

impl Faults {
    /// The next requests that order or release meet these, one each.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().scripted.extend(faults.into_iter().map(Some));
    }

    /// After so many requests that are left alone, one meets this.
    pub fn script_after(&self, requests: usize, fault: Fault) {
        let mut plan = self.lock();
        plan.scripted.extend(std::iter::repeat_n(None, requests));
        plan.scripted.push_back(Some(fault));
    }

    /// Each request that orders or releases meets one of `among` with this
    /// probability.
    pub fn random(&self, seed: u64, probability: f64, among: &[Fault]) {
        let rng = StdRng::seed_from_u64(seed);
        self.lock().random = Some((rng, probability, among.to_vec()));
    }

    /// From now on nothing goes wrong.
    pub fn stop(&self) {
        *self.lock() = Plan::default();
    }

    /// The fault of a request that orders or releases, on its way in.
    pub(crate) fn draw(&self) -> Option<Fault> {
        let mut plan = self.lock();
        let plan = &mut *plan;
        let drawn = plan.scripted.pop_front().unwrap_or_else(|| {
            let (rng, probability, among) = plan.random.as_mut()?;
            let index = rng.random_range(0..among.len());
            rng.random_bool(*probability).then(|| among[index])
        });
        if drawn.is_some_and(Fault::is_inside) {
            plan.inside = drawn;
            return None;
        }
        drawn
    }

    /// The fault that the vendor's own logic shall meet with this request.
    pub(crate) fn take_inside(&self) -> Option<Fault> {
        self.lock().inside.take()
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
