//! Documents of numbers that were written lately, kept as bytes: most reads
//! are of the same few numbers. Nothing has to be forgotten here, because what
//! is kept is used only where all that it was written from is the very same.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use engine::numbers::NumberView;
use foldhash::fast::RandomState;
use numbers::e164::E164;

use crate::dialect::Dialect;
use crate::reply::Reply;

/// A full map is emptied. About two kilobytes each.
const MOST: usize = 16 * 1024;

/// The documents.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// The last one of each number. By a quick hash: what isn't in the database
    /// can't be put in here, so that nobody can choose keys that collide.
    kept: RwLock<HashMap<E164, Kept, RandomState>>,
}

/// An answer, and what it was written from.
#[derive(Debug)]
struct Kept {
    view: NumberView,
    dialect: Dialect,
    reply: Reply,
}

impl Written {
    /// The answer with a number's document: as it was written before, or else
    /// as `write` does.
    pub fn get<E>(
        &self,
        view: &NumberView,
        dialect: Dialect,
        write: impl FnOnce() -> Result<Reply, E>,
    ) -> Result<Reply, E> {
        {
            let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(kept) = kept.get(&view.number.id)
                && kept.dialect == dialect
                && kept.view.is_same_as(view)
            {
                return Ok(kept.reply.clone());
            }
        }
        let reply = write()?;
        // A record that nobody else keeps is never met again: each read of a
        // store without a cache makes its own.
        if Arc::strong_count(&view.number) > 1 {
            let one = Kept {
                view: view.clone(),
                dialect,
                reply: reply.clone().compact(),
            };
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= MOST {
                kept.clear();
            }
            kept.insert(view.number.id.clone(), one);
        }
        Ok(reply)
    }
}
