//! The bare HTTP server: axum and a constant body, nothing else. The same
//! allocator and the same number of threads as numberd has, and as little to do
//! as a handler can have.

use std::io::{Read, stdin};
use std::process::{Command, Stdio};
use std::{env, process, thread};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use axum::serve::ListenerExt;

use super::BARE_HTTP;
use super::server::{LISTENING, Server};

/// Starts it in a process of its own, with a body of so many bytes.
pub fn start(bytes: usize) -> Result<Server> {
    let mut command = Command::new(env::current_exe()?);
    command.args([BARE_HTTP, &bytes.to_string()]);
    Server::start(command.stdin(Stdio::piped()))
}

/// Is that process.
pub fn run(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let bytes: usize = arguments.next().context("how many bytes?")?.parse()?;
    // Ends with whoever started it, however that ends.
    thread::spawn(|| {
        let _ = stdin().read_to_end(&mut Vec::new());
        process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let body = Bytes::from(vec![b'x'; bytes]);
        let answer = move || async move { ([(CONTENT_TYPE, "application/json")], body) };
        let router = Router::new().route("/{*path}", get(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{LISTENING}{}", listener.local_addr()?);
        let listener = listener.tap_io(|stream| {
            // It would only be slower.
            let _ = stream.set_nodelay(true);
        });
        Ok(axum::serve(listener, router).await?)
    })
}
