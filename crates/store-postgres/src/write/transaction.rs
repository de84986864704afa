//! One transaction: load, decide, save, commit.

use store::{Expectation, Outcomes};
use tokio::time::timeout;
use tokio_postgres::error::Severity;

use crate::failure::{Failure, Kind, Result};
use crate::pool::{Client, Pool, put_back};
use crate::write::decide::decide;
use crate::write::queue::Prepared;
use crate::write::wanted::Wanted;
use crate::write::{load, save};

/// How many batches are loaded and saved together; more follow in the same
/// transaction.
const TOGETHER: usize = 500;

/// The limits stand behind ours. A node that is cut off must let go of its locks
/// before other nodes lose their patience with them.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '5s'; \
    SET LOCAL idle_in_transaction_session_timeout = '5s'";

/// Runs all batches in one transaction; on an error nothing of them remains,
/// or, when the server went away during the commit, that isn't known.
pub async fn run(
    pool: &Pool,
    batches: &[&Prepared],
    slot: i32,
    trusting: bool,
) -> Result<Outcomes> {
    let client = pool.get().await?;
    let work = pool.in_time(play(&client, batches, slot, trusting)).await;
    match work {
        Ok(outcomes) => {
            let committed = commit(pool, &client).await;
            put_back(client, committed.as_ref().err());
            committed.map(|()| outcomes)
        }
        Err(failure) => {
            undo(pool, client, &failure).await;
            Err(failure)
        }
    }
}

async fn play(
    client: &Client,
    batches: &[&Prepared],
    slot: i32,
    trusting: bool,
) -> Result<Outcomes> {
    let mut outcomes = Outcomes::with_capacity(batches.len());
    let mut begin = Some(BEGIN);
    for part in parts(batches) {
        let wanted = Wanted::by(part, trusting);
        let mut world = load::load(client, begin.take(), &wanted).await?;
        for each in part {
            outcomes.push(decide(&mut world, each)?);
        }
        save::save(client, &world, slot).await?;
    }
    Ok(outcomes)
}

/// Batches that can be loaded together. Whether an account is in use depends on
/// more rows than can be named beforehand, so a batch that asks for it begins a
/// part of its own and sees what was saved before.
fn parts<'a>(batches: &'a [&'a Prepared]) -> impl Iterator<Item = &'a [&'a Prepared]> {
    batches
        .chunk_by(|_, next| !asks_for_use(next))
        .flat_map(|part| part.chunks(TOGETHER))
}

fn asks_for_use(prepared: &Prepared) -> bool {
    let mut expectations = prepared.batch.expectations.iter();
    expectations.any(|each| matches!(each, Expectation::AccountUnused { .. }))
}

async fn commit(pool: &Pool, client: &Client) -> Result<()> {
    let unknown = || {
        Failure::unavailable(
            "its server went away during a commit: whether the change was kept \
             isn't known, look before trying again",
        )
    };
    match timeout(pool.deadline(), client.batch_execute("COMMIT")).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            let told = error.as_db_error();
            let was_refused = told.is_some_and(|told| {
                told.parsed_severity() == Some(Severity::Error) && told.code().code() != "40003"
            });
            tracing::warn!(%error, was_refused, "a commit failed");
            Err(if was_refused { error.into() } else { unknown() })
        }
        Err(_) => Err(unknown()),
    }
}

/// Ends a transaction without a commit. A connection that may not be in order
/// is closed, which does the same.
async fn undo(pool: &Pool, client: Client, failure: &Failure) {
    if failure.kind != Kind::Conflict {
        return put_back(client, Some(failure));
    }
    let rolled_back = pool
        .in_time(async { Ok(client.batch_execute("ROLLBACK").await?) })
        .await;
    put_back(client, rolled_back.err().as_ref());
}
