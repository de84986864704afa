//! As much HTTP/1.1 as the benchmark needs: requests as bytes, answers with
//! their status and their length.

use std::net::SocketAddr;
use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// Room for one answer; grows with longer ones.
const ROOM: usize = 16 * 1024;
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// A request's bytes.
pub fn request(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_request(&mut bytes, method, path, token, body);
    bytes
}

/// Puts a request in place of what is in `bytes`, as an ordinary client would
/// send it.
pub fn put_request(bytes: &mut Vec<u8>, method: &str, path: &str, token: &str, body: &str) {
    bytes.clear();
    let length = body.len().to_string();
    let mut put = |parts: &[&str]| {
        for part in parts {
            bytes.extend_from_slice(part.as_bytes());
        }
    };
    put(&[method, " ", path, " HTTP/1.1\r\nHost: localhost\r\n"]);
    put(&["Accept: application/json\r\n"]);
    if !token.is_empty() {
        put(&["X-Auth-Token: ", token, "\r\n"]);
    }
    if !body.is_empty() {
        put(&["Content-Type: application/json\r\n"]);
        put(&["Content-Length: ", &length, "\r\n"]);
    }
    put(&["\r\n", body]);
}

/// One keep-alive connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer.
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

struct Head {
    status: u16,
    body: Range<usize>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; ROOM],
        })
    }

    /// Sends a request and reads the whole answer.
    pub async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let head = loop {
            filled += self.read(filled).await?;
            if let Some(head) = Head::parse(&self.buffer[..filled])? {
                break head;
            }
        };
        if head.body.end > self.buffer.len() {
            self.buffer.resize(head.body.end, 0);
        }
        while filled < head.body.end {
            filled += self.read(filled).await?;
        }
        ensure!(filled == head.body.end, "more came than the answer");
        Ok(Answer {
            status: head.status,
            body: &self.buffer[head.body],
        })
    }

    async fn read(&mut self, filled: usize) -> Result<usize> {
        if filled == self.buffer.len() {
            self.buffer.resize(2 * filled, 0);
        }
        let read = self.stream.read(&mut self.buffer[filled..]).await?;
        ensure!(read > 0, "the server closed the connection");
        Ok(read)
    }
}

impl Head {
    /// `None`: more has to come.
    fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        let end = bytes
            .windows(END_OF_HEAD.len())
            .position(|window| window == END_OF_HEAD);
        let Some(end) = end else { return Ok(None) };
        let head = std::str::from_utf8(&bytes[..end]).context("a head that isn't UTF-8")?;
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
        let length: Option<usize> = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.trim().parse().ok())?
        });
        let (Some(status), Some(length)) = (status, length) else {
            bail!("an answer without status or length: {head}");
        };
        let start = end + END_OF_HEAD.len();
        Ok(Some(Self {
            status,
            body: start..start + length,
        }))
    }
}

/// A connection for one request after the other.
pub struct Caller {
    runtime: Runtime,
    connection: Connection,
}

impl Caller {
    pub fn new(address: SocketAddr) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let connection = runtime.block_on(Connection::open(address))?;
        Ok(Self {
            runtime,
            connection,
        })
    }

    /// The body of the answer, whose status must be this one.
    pub fn ask(&mut self, request: &[u8], status: u16) -> Result<&[u8]> {
        let answer = self.runtime.block_on(self.connection.ask(request))?;
        expect(&answer, status)?;
        Ok(answer.body)
    }

    /// The same, as JSON.
    pub fn json(&mut self, request: &[u8], status: u16) -> Result<Value> {
        Ok(serde_json::from_slice(self.ask(request, status)?)?)
    }
}

/// An error that shows the answer, unless its status is this one.
pub fn expect(answer: &Answer<'_>, status: u16) -> Result<()> {
    if answer.status == status {
        return Ok(());
    }
    let body = String::from_utf8_lossy(answer.body);
    let shown: String = body.chars().take(500).collect();
    bail!("{} in place of {status}: {shown}", answer.status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_where_the_body_is() {
        let bytes = b"HTTP/1.1 201 Created\r\nx: y\r\nContent-Length: 5\r\n\r\nhello";
        let head = Head::parse(bytes).unwrap().unwrap();
        assert_eq!((head.status, &bytes[head.body]), (201, &b"hello"[..]));
        assert!(Head::parse(&bytes[..40]).unwrap().is_none());
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
