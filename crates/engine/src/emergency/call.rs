//! A call to emergency services that was placed from a number: told by whoever
//! switches the number's calls, and passed on as an event, so that a front desk
//! or a security office learns of it at once.

use std::sync::Arc;

use numbers::account::Account;
use numbers::e164::E164;
use numbers::error::NumberError;
use numbers::event::Action;
use numbers::gregorian::GregorianSeconds;
use serde_json::{Map, Value};
use store::{Batch, EventId, NumberChange};

use crate::context::new_event_id;
use crate::fields::failed;
use crate::schema::Schema;
use crate::{Context, Engine, EngineError, fields};

/// How often it is written anew when somebody changes the number meanwhile.
const TRIES: usize = 5;

/// A call that is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedCall {
    /// The event.
    pub event: EventId,
    /// The number from which it was placed.
    pub number: E164,
    /// When it was told.
    pub at: GregorianSeconds,
}

impl Engine {
    /// Writes down that an emergency call was placed from a number, with what
    /// is known of it. The number itself stays as it is, its revision too.
    ///
    /// # Errors
    /// [`EngineError::Validation`] with every fault of `call`;
    /// [`NumberError::NotFound`] unless the number is the account's or one
    /// below it has it.
    pub async fn report_emergency_call(
        &self,
        cx: &Context,
        account: &Arc<Account>,
        text: &str,
        mut call: Map<String, Value>,
    ) -> Result<ReportedCall, EngineError> {
        failed(fields::faults(Schema::EmergencyCalls, &mut call))?;
        let note = Value::Object(call).to_string();
        for _ in 0..TRIES {
            let number = self.number(cx, account, text).await?.number;
            if number.owner.is_none() {
                return Err(NumberError::NotFound(number.id.clone()).into());
            }
            let number = Arc::unwrap_or_clone(number);
            let reported = ReportedCall {
                event: new_event_id(),
                number: number.id.clone(),
                at: cx.now,
            };
            let batch = Batch::change_number(NumberChange {
                before: Some(number.clone()),
                after: Some(number),
                event: reported.event.clone(),
                action: Action::EmergencyCalled,
                origin: cx.origin(),
                note: Some(note.clone()),
            });
            if self.store.write(batch).await?.is_ok() {
                return Ok(reported);
            }
        }
        Err(EngineError::Conflict)
    }
}
