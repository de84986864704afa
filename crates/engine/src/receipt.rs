//! What a change is bound to beside its command: the revision that the client
//! saw, and the answer that is kept so that the call can be repeated.

use numbers::e164::E164;
use numbers::error::NumberError;
use numbers::number::Number;
use store::{Batch, DocumentKind, Expectation, Unmet};

use crate::EngineError;
use crate::change::{Outcome, Write};
use crate::numbers::NumberView;

/// Whether a client means a number as it is now; `None`: there is none.
pub type OnlyIf<'a> = dyn Fn(Option<&Number>) -> bool + Send + Sync + 'a;

/// What a change is bound to; nothing by default.
#[derive(Clone, Copy, Default)]
pub struct Terms<'a> {
    /// Whether the client means the number as it is now. It is asked what the
    /// write then compares with, so nobody comes between.
    pub only_if: Option<&'a OnlyIf<'a>>,
    /// Keeps the answer with the effect.
    pub receipt: Option<&'a dyn Receipt>,
}

impl Terms<'_> {
    /// Whether the number is as the client means it.
    pub(crate) fn check(&self, number: Option<&Number>) -> Result<(), EngineError> {
        match self.only_if {
            Some(holds) if !holds(number) => Err(EngineError::OtherRevision),
            _ => Ok(()),
        }
    }
}

/// Writes down what is answered to a call, in the same transaction as what the
/// call does: either both are there or neither.
pub trait Receipt: Send + Sync {
    /// Keeps the answer to these outcomes.
    fn done(&self, outcomes: &[Outcome]) -> Batch;
    /// Keeps that the call has begun; its answer will be known later.
    fn begun(&self) -> Batch;
}

/// Where the results of a round belong among those of the whole change.
pub(crate) struct Position<'a> {
    /// What is settled so far.
    pub(crate) outcomes: &'a [Option<Outcome>],
    /// The places of the round's numbers in it.
    pub(crate) places: &'a [(usize, E164)],
}

/// Each number of a round and what becomes of it.
type Results = Vec<(String, Option<Result<NumberView, NumberError>>)>;

impl Position<'_> {
    /// All outcomes, if the round ends as `results` say.
    fn with(&self, results: Results) -> Vec<Outcome> {
        let mut all = self.outcomes.to_vec();
        for ((place, _), (key, result)) in self.places.iter().zip(results) {
            all[*place] = result.map(|result| Outcome { key, result });
        }
        all.into_iter().flatten().collect()
    }
}

/// Makes one write of a round's, with the answer to it, which is known before
/// since the write does all or nothing. Where a carrier has the last word, it
/// is only kept that the call has begun.
pub(crate) fn signed(
    receipt: &dyn Receipt,
    position: &Position<'_>,
    results: Results,
    writes: Vec<Write>,
) -> Vec<Write> {
    if writes.is_empty() {
        return writes;
    }
    let settles_later = writes.iter().any(|write| !write.planned.is_empty());
    let mut all = Write {
        indices: Vec::new(),
        // First, so that a repeated call is told from a lost race.
        batch: if settles_later {
            receipt.begun()
        } else {
            receipt.done(&position.with(results))
        },
        planned: Vec::new(),
    };
    for write in writes {
        all.indices.extend(write.indices);
        all.batch = all.batch.joined(write.batch);
        all.planned.extend(write.planned);
    }
    vec![all]
}

/// Whether the same call was carried out meanwhile.
pub(crate) fn is_repeated(unmet: &Unmet) -> bool {
    let Unmet(expectation) = unmet;
    matches!(
        expectation,
        Expectation::Document {
            kind: DocumentKind::Idempotency,
            ..
        }
    )
}
