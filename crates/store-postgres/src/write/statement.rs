//! Statements that go to the server in one go, without a wait between them.

use std::borrow::Cow;
use std::collections::HashMap;

use futures::future::try_join;
use futures::stream::{FuturesOrdered, TryStreamExt};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::failure::{Failure, Result};
use crate::pool::Client;

/// What a statement is given.
pub type Param<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// One statement with what it is given.
#[derive(Debug)]
pub struct Statement<'a> {
    sql: Cow<'a, str>,
    params: Vec<Param<'a>>,
    /// Whether a row must be written; none: somebody else was faster.
    must_write: bool,
}

impl<'a> Statement<'a> {
    pub fn new(sql: impl Into<Cow<'a, str>>) -> Self {
        Self {
            sql: sql.into(),
            params: Vec::new(),
            must_write: false,
        }
    }

    /// Gives it its next parameter.
    pub fn with(self, param: impl ToSql + Sync + Send + 'a) -> Self {
        self.with_boxed(Box::new(param))
    }

    /// The same, of a type that is only known now.
    pub fn with_boxed(mut self, param: Param<'a>) -> Self {
        self.params.push(param);
        self
    }

    /// Says that it is lost when it writes no row.
    pub fn must_write(mut self) -> Self {
        self.must_write = true;
        self
    }

    fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        let params = self.params.iter();
        params
            .map(|param| param.as_ref() as &(dyn ToSql + Sync))
            .collect()
    }
}

type Plans<'a> = HashMap<&'a str, tokio_postgres::Statement>;

/// Each text is prepared once for a connection's life.
async fn plans<'a>(client: &Client, statements: &'a [Statement<'_>]) -> Result<Plans<'a>> {
    let mut plans = Plans::new();
    for statement in statements {
        let sql = statement.sql.as_ref();
        if !plans.contains_key(sql) {
            plans.insert(sql, client.prepare_cached(sql).await?);
        }
    }
    Ok(plans)
}

/// Runs statements that write, in order.
pub async fn execute(client: &Client, statements: &[Statement<'_>]) -> Result<()> {
    let plans = plans(client, statements).await?;
    let mut running = FuturesOrdered::new();
    for statement in statements {
        let plan = &plans[statement.sql.as_ref()];
        running.push_back(async move {
            let written = client.execute(plan, &statement.params()).await?;
            if written == 0 && statement.must_write {
                return Err(Failure::conflict());
            }
            Ok(())
        });
    }
    running.try_collect().await
}

/// Runs statements that read, in order, after what begins the transaction.
pub async fn fetch(
    client: &Client,
    begin: Option<&str>,
    statements: &[Statement<'_>],
) -> Result<Vec<Vec<Row>>> {
    let plans = plans(client, statements).await?;
    let transaction = async {
        if let Some(begin) = begin {
            client.batch_execute(begin).await?;
        }
        Ok(())
    };
    let mut running = FuturesOrdered::new();
    for statement in statements {
        let plan = &plans[statement.sql.as_ref()];
        running.push_back(async move {
            let rows = client.query(plan, &statement.params()).await;
            rows.map_err(Failure::from)
        });
    }
    // The first is polled first, and a statement is sent when it is polled.
    let ((), rows) = try_join(transaction, running.try_collect()).await?;
    Ok(rows)
}
