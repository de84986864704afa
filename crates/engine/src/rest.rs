//! Aging: numbers rest after a release, then they are for sale again
//! (spec/numbers.md 7).

use numbers::life::Operation;
use numbers::plan::Command;
use serde_json::Map;

use crate::change::ChangeRequest;
use crate::{Context, Engine, EngineError};

/// How many numbers one round takes.
const ROUND: usize = 500;

impl Engine {
    /// Puts every number back on sale whose rest is over; answers how many.
    pub async fn end_rests(&self, cx: &Context) -> Result<usize, EngineError> {
        // What doesn't fit into this round waits for the next.
        let rested = self.store.rested(cx.now, ROUND).await?;
        let due: Vec<String> = rested.iter().map(|number| number.id.to_string()).collect();
        let request = ChangeRequest {
            target: None,
            command: Command::new(Operation::EndRest, Map::new()),
            accept_charges: true,
        };
        let outcomes = self.change(cx, &request, &due).await?;
        Ok(outcomes
            .iter()
            .filter(|outcome| outcome.result.is_ok())
            .count())
    }

    /// How many days a number rests, by its class.
    pub(crate) fn rest_days(&self, class: &str) -> u32 {
        let settings = &self.settings.number_manager;
        let days = settings.aging_expiry_d_by_class.get(class);
        days.copied().unwrap_or(settings.aging_expiry_d)
    }
}
