//! Connections, and how reads use them.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, RecyclingMethod, Runtime};
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::failure::{Failure, Kind, Result};
use crate::patience::Patience;
use crate::shared::Meeting;
use crate::target::Target;

/// A connection on loan.
pub type Client = Object;

/// What a statement is given.
pub type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A bounded number of connections to one database.
#[derive(Clone, Debug)]
pub struct Pool {
    connections: deadpool_postgres::Pool,
    meeting: Meeting,
    deadline: Duration,
}

/// Whose connection a statement goes over.
#[derive(Clone, Copy)]
enum Way {
    Alone,
    InCompany,
}

/// The bounds of a pool.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub size: usize,
    /// How long to wait for a connection that others use.
    pub wait: Duration,
    /// How long the server may take.
    pub deadline: Duration,
}

impl Pool {
    /// A pool that connects when it is first used.
    pub fn new(target: &Target, tls: MakeRustlsConnect, bounds: Bounds) -> Result<Self> {
        let config = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_config(target.config.clone(), tls, config);
        let connections = deadpool_postgres::Pool::builder(manager)
            .max_size(bounds.size)
            .wait_timeout(Some(bounds.wait))
            .create_timeout(Some(bounds.deadline))
            .recycle_timeout(Some(bounds.deadline))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Failure::fault(format!("there is no connection pool: {error}")))?;
        Ok(Self {
            connections,
            meeting: Meeting::default(),
            deadline: bounds.deadline,
        })
    }

    pub async fn get(&self) -> Result<Client> {
        Ok(self.connections.get().await?)
    }

    /// How long the server may take.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Lets no connection out any more.
    pub fn close(&self) {
        self.connections.close();
    }

    /// One statement that only reads, tried again while that is of use.
    pub async fn read(
        &self,
        name: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>> {
        self.ask(Way::Alone, name, sql, params).await
    }

    /// The same for a statement that finds a few rows by their keys: on a
    /// connection that others may be using.
    pub async fn find(
        &self,
        name: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>> {
        self.ask(Way::InCompany, name, sql, params).await
    }

    /// One statement that reads all of a table or more: without a deadline.
    pub async fn read_long(
        &self,
        name: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>> {
        let patient = Self {
            deadline: Duration::from_hours(12),
            ..self.clone()
        };
        patient.read(name, sql, params).await
    }

    async fn ask(
        &self,
        way: Way,
        name: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>> {
        let mut patience = Patience::new(name);
        loop {
            let answer = match way {
                Way::Alone => self.read_alone(sql, params).await,
                Way::InCompany => self.read_in_company(sql, params).await,
            };
            match answer {
                Ok(rows) => return Ok(rows),
                Err(failure) => patience.after(failure).await?,
            }
        }
    }

    async fn read_alone(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        let client = self.get().await?;
        let result = self.in_time(query(&client, sql, params)).await;
        put_back(client, result.as_ref().err());
        result
    }

    async fn read_in_company(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        let client = match self.meeting.join() {
            Some(client) => client,
            None => self.meeting.open(self.get().await?),
        };
        let result = self.in_time(query(&client, sql, params)).await;
        if let Err(failure) = &result {
            client.failed(failure);
        }
        result
    }

    /// Bounds how long the server may take. What was not committed by then is
    /// undone with its connection.
    pub async fn in_time<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        match timeout(self.deadline, work).await {
            Ok(result) => result,
            Err(_) => Err(Failure::unavailable(
                "the database's server doesn't answer in time",
            )),
        }
    }
}

/// Gives a connection back, or closes it when it may not be in order.
pub fn put_back(client: Client, failure: Option<&Failure>) {
    match failure.map(|failure| failure.kind) {
        None | Some(Kind::Conflict) => drop(client),
        Some(Kind::Lost | Kind::Final) => drop(Object::take(client)),
    }
}

async fn query(client: &Client, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query(&statement, params).await?)
}
