//! Aging: numbers rest after a release, then they are for sale again
//! (spec/numbers.md 7).

use numbers::e164::E164;
use numbers::life::Operation;
use numbers::plan::Command;
use serde_json::Map;

use crate::change::ChangeRequest;
use crate::{Context, Engine, EngineError};

/// How many numbers one round takes.
const ROUND: usize = 500;

/// Who used to call the last owner of a number of the United States or Canada
/// must not reach the next one for this many days.
const LEAST_DAYS_DID: u32 = 45;

/// No toll-free number may be kept from others for more days.
const MOST_DAYS_TOLL_FREE: u32 = 120;

impl Engine {
    /// Puts every number back on sale whose rest is over; answers how many
    /// records that changed.
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

    /// How many days a number rests: by its class, within what the law of its
    /// country allows, whatever is configured.
    pub(crate) fn rest_days(&self, key: &E164) -> u32 {
        let settings = &self.settings.number_manager;
        let own = settings
            .aging_expiry_d_by_class
            .get(self.class_of(None, key).as_str());
        let days = own.copied().unwrap_or(settings.aging_expiry_d);
        match self.built_in_class_of(key) {
            "did_us" => days.max(LEAST_DAYS_DID),
            "tollfree_us" => days.min(MOST_DAYS_TOLL_FREE),
            _ => days,
        }
    }
}
