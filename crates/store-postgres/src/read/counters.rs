//! What is counted along; see the `write::counters` module.

use numbers::account::AccountId;
use numbers::state::State;

use crate::failure::{Failure, Result};
use crate::pool::Pool;

pub async fn billable_quantity(pool: &Pool, account: &AccountId) -> Result<u64> {
    let sql = "SELECT coalesce(sum(total), 0)::BIGINT FROM account_counters WHERE account_id = $1";
    let rows = pool
        .read("billable_quantity", sql, &[&account.as_str()])
        .await?;
    let total: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
    u64::try_from(total).map_err(|_| {
        Failure::fault(format!(
            "the count of billable numbers of {account} is {total}"
        ))
    })
}

pub async fn states(pool: &Pool) -> Result<Vec<(State, u64)>> {
    let sql = "SELECT state, sum(numbers)::BIGINT FROM state_counters \
         GROUP BY state HAVING sum(numbers) <> 0";
    let rows = pool.read("state_counts", sql, &[]).await?;
    let mut counts = Vec::new();
    for row in &rows {
        let (name, count): (&str, i64) = (row.try_get(0)?, row.try_get(1)?);
        let wrong = || Failure::fault(format!("the count of the state '{name}' is {count}"));
        let state: State = name.parse().map_err(|_| wrong())?;
        counts.push((state, u64::try_from(count).map_err(|_| wrong())?));
    }
    counts.sort_unstable();
    Ok(counts)
}
