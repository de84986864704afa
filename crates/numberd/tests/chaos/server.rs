//! A server that is killed again and again, and comes back at another port.

use std::sync::{Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::common::{Place, Server};

pub struct Killed<'p> {
    place: &'p Place,
    server: Mutex<Server>,
    address: RwLock<String>,
    kills: Mutex<usize>,
}

fn serve(place: &Place) -> Server {
    // Nobody reads its log; a full pipe would stop it.
    place.serve(&["--log-level", "off"])
}

impl<'p> Killed<'p> {
    pub fn start(place: &'p Place) -> Self {
        let server = serve(place);
        Self {
            place,
            address: RwLock::new(server.address.clone()),
            server: Mutex::new(server),
            kills: Mutex::new(0),
        }
    }

    /// Where it is at present.
    pub fn address(&self) -> String {
        let address = self.address.read().unwrap_or_else(PoisonError::into_inner);
        address.clone()
    }

    /// Kills it about every second until `done`; it is alive afterwards.
    pub fn kill_until(&self, seed: u64, done: impl Fn() -> bool) {
        let mut rng = StdRng::seed_from_u64(seed);
        loop {
            let until = Instant::now() + Duration::from_millis(rng.random_range(500..1500));
            while Instant::now() < until {
                if done() {
                    return;
                }
                thread::sleep(Duration::from_millis(20));
            }
            let mut server = self.server.lock().unwrap();
            server.signal("-KILL");
            server.wait();
            *server = serve(self.place);
            server
                .address
                .clone_into(&mut self.address.write().unwrap());
            *self.kills.lock().unwrap() += 1;
        }
    }

    /// How often it was killed.
    pub fn kills(&self) -> usize {
        *self.kills.lock().unwrap()
    }

    /// Stops it as an operator would; answers how often it was killed.
    pub fn stop(self) -> usize {
        self.server.into_inner().unwrap().stop();
        self.kills.into_inner().unwrap()
    }
}
