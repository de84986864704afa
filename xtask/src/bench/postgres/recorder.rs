//! Listens to what numberd says to PostgreSQL: a relay between the two, which
//! notes the statements of one request.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Context, Result};

use super::wire::{Session, Splitter, Step};

/// How often a request is listened to. Jobs in the background may speak in
/// between, so the shortest record is the request's own.
const TIMES: usize = 5;

/// A relay; it ends with the program.
pub struct Recorder {
    pub address: SocketAddr,
    log: Arc<Mutex<Vec<Step>>>,
}

impl Recorder {
    /// Starts one before a server.
    pub fn start(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let recorder = Self {
            address: listener.local_addr()?,
            log: Arc::default(),
        };
        let log = Arc::clone(&recorder.log);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // Who can't be connected sees the connection end.
                let _ = relay(client, server, &log);
            }
        });
        Ok(recorder)
    }

    /// The statements of a request; `ask` sends it, a fresh one each time.
    pub fn record<T>(&self, mut ask: impl FnMut() -> Result<T>) -> Result<(T, Vec<Step>)> {
        // Connections are made and statements prepared.
        ask()?;
        let mut records = Vec::new();
        for _ in 0..TIMES {
            lock(&self.log).clear();
            let asked = ask()?;
            records.push((asked, lock(&self.log).clone()));
        }
        let shortest = records.into_iter().min_by_key(|(_, steps)| steps.len());
        let shortest = shortest.filter(|(_, steps)| !steps.is_empty());
        shortest.context("numberd asked its database nothing")
    }
}

fn relay(client: TcpStream, server: SocketAddr, log: &Arc<Mutex<Vec<Step>>>) -> Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let session = Arc::new(Mutex::new(Session::default()));
    let (from, to) = (client.try_clone()?, server.try_clone()?);
    let (log, heard) = (Arc::clone(log), Arc::clone(&session));
    let mut said = Splitter::of_client();
    thread::spawn(move || {
        forward(from, to, |bytes| {
            said.feed(bytes, |kind, body| {
                let step = lock(&heard).client(kind, body);
                lock(&log).extend(step);
            });
        });
    });
    let mut answered = Splitter::default();
    thread::spawn(move || {
        forward(server, client, |bytes| {
            answered.feed(bytes, |kind, body| lock(&session).server(kind, body));
        });
    });
    Ok(())
}

/// Passes everything on, once it was listened to.
fn forward(mut from: TcpStream, mut to: TcpStream, mut listen: impl FnMut(&[u8])) {
    let mut room = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut room) {
        listen(&room[..read]);
        if to.write_all(&room[..read]).is_err() {
            break;
        }
    }
    // The other end may be gone already.
    let _ = to.shutdown(Shutdown::Both);
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
