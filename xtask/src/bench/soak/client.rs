//! One client's connection, which may break, and be made again.

use std::time::Duration;

use anyhow::Result;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::Shared;
use crate::bench::http::Connection;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Client<'s> {
    shared: &'s Shared,
    runtime: Runtime,
    connection: Option<Connection>,
}

impl<'s> Client<'s> {
    pub fn new(shared: &'s Shared) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            shared,
            runtime,
            connection: None,
        })
    }

    /// Sends a request and reads the answer, on the connection that is open. An
    /// error: nobody knows what came of it.
    pub fn ask(&mut self, request: &[u8]) -> Result<(u16, Value)> {
        let address = self.shared.address();
        let open = self.connection.take();
        let asked = async {
            let mut connection = match open {
                Some(connection) => connection,
                None => Connection::open(address).await?,
            };
            let answer = connection.ask(request).await?;
            let status = answer.status;
            let body = serde_json::from_slice(answer.body).unwrap_or(Value::Null);
            Ok::<_, anyhow::Error>((status, body, connection))
        };
        let (status, body, connection) = self.runtime.block_on(timeout_of(asked))??;
        self.connection = Some(connection);
        Ok((status, body))
    }

    /// Sends as much of a request as is given, and hangs up.
    pub fn hang_up(&self, part: &[u8]) {
        let address = self.shared.address();
        let sent = async {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(part).await
        };
        // Whether it arrived is what nobody knows.
        let _ = self.runtime.block_on(timeout_of(sent));
    }

    /// Gives the connection up, as it is closed after a request that can't be
    /// read.
    pub fn close(&mut self) {
        self.connection = None;
    }
}

async fn timeout_of<T>(work: impl Future<Output = T>) -> Result<T> {
    Ok(timeout(PATIENCE, work).await?)
}
