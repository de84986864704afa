//! Batches with their documents serialized: done by the calling task, so that
//! the writer, of which there is one, only binds texts.

use serde_json::{Map, Value};
use store::{Batch, Expectation, Operation};

use crate::failure::{Failure, Result};

/// A batch, ready for the writer.
#[derive(Debug)]
pub struct PreparedBatch {
    pub expectations: Vec<Expectation>,
    pub steps: Vec<Step>,
}

/// An operation and the text of the document that it writes, if it does.
#[derive(Debug)]
pub struct Step {
    pub operation: Operation,
    pub body: Option<String>,
}

impl PreparedBatch {
    pub fn new(batch: Batch) -> Result<Self> {
        let steps = batch
            .operations
            .into_iter()
            .map(|operation| {
                Ok(Step {
                    body: body(&operation)?,
                    operation,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            expectations: batch.expectations,
            steps,
        })
    }
}

fn body(operation: &Operation) -> Result<Option<String>> {
    let text = match operation {
        Operation::ChangeNumber(change) => match &change.after {
            Some(number) => serde_json::to_string(&number.to_document()),
            None => return Ok(None),
        },
        Operation::PutAccount(account) => serde_json::to_string(account),
        Operation::PutUser(user) => serde_json::to_string(user),
        Operation::DeleteAccount(_)
        | Operation::DeleteUser(..)
        | Operation::Claim(..)
        | Operation::Unclaim(_)
        | Operation::PutDocument(_)
        | Operation::DeleteDocument(..)
        | Operation::DropExpired(_)
        | Operation::Set(..)
        | Operation::PutDataSet(_)
        | Operation::PutDataPart(..)
        | Operation::DeleteDataSet(_) => return Ok(None),
    };
    text.map(Some)
        .map_err(|error| Failure::fault(format!("a document can't be written: {error}")))
}

/// Parses a stored document; `what` names the row in the error.
pub fn document(text: &str, what: impl FnOnce() -> String) -> Result<Map<String, Value>> {
    serde_json::from_str(text)
        .map_err(|error| Failure::fault(format!("the document of {} is damaged: {error}", what())))
}
