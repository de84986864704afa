//! A link between a node and its database that can be cut, and that can lose a
//! commit on its way.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::Server;

/// How a client asks for a commit: the message of a simple query.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

/// Carries what nodes and the database's server say to each other.
///
/// Cut, it carries nothing, also not that a side has closed: neither learns of
/// it, as with a pulled cable. What was on its way arrives when it is mended.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    state: Arc<Shared>,
}

/// Where a commit is lost, and the connection with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Before the server hears of it.
    Request,
    /// After the server has done it: its answer is lost.
    Answer,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_cut: bool,
    is_over: bool,
    /// What becomes of the next commits; `None`: it is carried.
    fates: VecDeque<Option<Loss>>,
    /// Commits that had a fate.
    met: usize,
    streams: Vec<TcpStream>,
}

impl Link {
    /// A link to a server from this machine.
    pub fn to(server: &Server) -> Self {
        Self::at(IpAddr::V4(Ipv4Addr::LOCALHOST), server)
    }

    /// A link to a server that is entered at an address of this machine.
    pub fn at(entry: IpAddr, server: &Server) -> Self {
        let listener = TcpListener::bind((entry, 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::new(Shared::default());
        let (shared, port) = (Arc::clone(&state), server.port());
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if shared.lock().is_over {
                    break;
                }
                let shared = Arc::clone(&shared);
                thread::spawn(move || connect(&near, port, &shared));
            }
        });
        Self { address, state }
    }

    /// The database's URL over this link.
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.address)
    }

    /// Carries nothing from now on.
    pub fn cut(&self) {
        self.state.change(|state| state.is_cut = true);
    }

    /// Carries again.
    pub fn mend(&self) {
        self.state.change(|state| state.is_cut = false);
    }

    /// What becomes of the commits from now on, one after the other; `None`
    /// lets one through, and so do all that come later.
    pub fn lose_commits(&self, fates: impl IntoIterator<Item = Option<Loss>>) {
        let fates = fates.into_iter().collect();
        self.state.change(|state| {
            state.fates = fates;
            state.met = 0;
        });
    }

    /// How many commits had a fate since [`Self::lose_commits`].
    pub fn commits_met(&self) -> usize {
        self.state.lock().met
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.state.change(|state| {
            state.is_over = true;
            for stream in state.streams.drain(..) {
                close(&stream);
            }
        });
        // The listener looks whether it is over when somebody comes.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits while it is cut.
    fn pass(&self) {
        let state = self.lock();
        let waits = |state: &mut State| state.is_cut && !state.is_over;
        let state = self.changed.wait_while(state, waits);
        drop(state.unwrap_or_else(PoisonError::into_inner));
    }

    fn fate(&self) -> Option<Loss> {
        let mut state = self.lock();
        let fate = state.fates.pop_front()?;
        state.met += 1;
        fate
    }
}

/// Joins a connection that came in with one to the server.
fn connect(near: &TcpStream, port: u16, shared: &Arc<Shared>) {
    shared.pass();
    let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
        close(near);
        return;
    };
    // Small messages go back and forth; on an error they are only slower.
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let copies = [near.try_clone(), far.try_clone()].map(|copy| copy.expect("a handle is free"));
    shared.change(|state| state.streams.extend(copies));
    let is_lost = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| carry_up(near, &far, shared, &is_lost));
        carry_down(&far, near, shared, &is_lost);
    });
}

fn carry_up(mut near: &TcpStream, mut far: &TcpStream, shared: &Shared, is_lost: &AtomicBool) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = near.read(&mut bytes) {
        shared.pass();
        // A client waits for the answers before it asks for a commit, so that
        // message comes alone.
        let fate = (&bytes[..count] == COMMIT).then(|| shared.fate()).flatten();
        match fate {
            Some(Loss::Request) => break,
            Some(Loss::Answer) => is_lost.store(true, Ordering::SeqCst),
            None => {}
        }
        if far.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    shared.pass();
    close(near);
    close(far);
}

fn carry_down(mut far: &TcpStream, mut near: &TcpStream, shared: &Shared, is_lost: &AtomicBool) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = far.read(&mut bytes) {
        shared.pass();
        if is_lost.load(Ordering::SeqCst) || near.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    shared.pass();
    close(near);
    close(far);
}

fn close(stream: &TcpStream) {
    // It may be closed already.
    let _ = stream.shutdown(Shutdown::Both);
}
