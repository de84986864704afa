//! Three nodes over one PostgreSQL, under load, when it goes away and when one
//! of them is cut off from it: a number has one owner, what was acknowledged
//! stays, calls fail only while it lasts, and everything recovers by itself.

#[path = "../common/mod.rs"]
mod common;

mod load;
mod namespace;

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use common::{Place, Server};
use load::{Balance, Load};
use namespace::Namespace;
use test_postgres::{Link, Server as Postgres};

const NODES: [usize; 3] = [0, 1, 2];

/// A folder whose nodes take as many calls as come.
fn place(url: &str) -> Place {
    let place = Place::over(url);
    place.write(
        "numberd.toml",
        "[limits]\nactivation_capacity = 0\nbucket_capacity = 0\n",
    );
    place
}

/// A node that reaches the database at this URL.
fn node(place: &Place, url: &str, options: &[&str]) -> Server {
    let mut all = vec!["--database", url];
    all.extend(options);
    place.serve(&all)
}

/// PostgreSQL crashes, stays away until callers notice, and comes back.
#[test]
fn postgresql_is_restarted_under_load() {
    let postgres = Postgres::start();
    let place = place(&postgres.url());
    let quiet = ["--log-level", "off"];
    let servers = NODES.map(|_| node(&place, &postgres.url(), &quiet));
    let load = Load::new(&place, &servers);
    load.during(Balance::RoundRobin, || {
        load.until_done(&NODES, 30);
        assert_eq!(load.failed(), [0, 0, 0], "nothing was wrong");
        postgres.crash();
        load.until("callers notice", || {
            load.failed().iter().sum::<usize>() >= 3
        });
        postgres.start_again();
        load.until_done(&NODES, 10);
        load.calm();
        load.until_done(&NODES, 30);
    });
    load.verify(&place);
    for server in servers {
        server.stop();
    }
}

/// Who gets the jobs of all nodes, as each says in its log.
struct Holders {
    tell: Sender<usize>,
    told: Receiver<usize>,
}

impl Holders {
    fn new() -> Self {
        let (tell, told) = mpsc::channel();
        Self { tell, told }
    }

    fn watch(&self, which: usize, server: &mut Server) {
        let (tell, log) = (self.tell.clone(), server.log());
        thread::spawn(move || {
            for line in log {
                if line.contains("the jobs of all nodes") && line.contains("is_held=true") {
                    // The test may have ended.
                    let _ = tell.send(which);
                }
            }
        });
    }

    /// The next one that gets them.
    fn next(&self) -> usize {
        let next = self.told.recv_timeout(Duration::from_mins(1));
        next.expect("a node does the jobs")
    }
}

/// The node that does the jobs of all loses the database: `cut` until `mend`.
fn survive(
    place: &Place,
    servers: [Server; 3],
    holders: &Holders,
    cut: impl FnOnce(usize),
    mend: impl FnOnce(usize),
) {
    let load = Load::new(place, &servers);
    let victim = holders.next();
    let others: Vec<usize> = NODES.into_iter().filter(|which| *which != victim).collect();
    load.during(Balance::OneEach, || {
        load.until_done(&NODES, 30);
        cut(victim);
        load.until("its callers are told", || load.failed()[victim] >= 2);
        load.until_done(&others, 30);
        assert!(others.contains(&holders.next()), "its jobs move");
        mend(victim);
        load.until_done(&[victim], 10);
        load.calm();
        load.until_done(&NODES, 30);
    });
    for which in others {
        assert_eq!(load.failed()[which], 0, "the others went on");
    }
    load.verify(place);
    for server in servers {
        server.stop();
    }
}

/// The connections stay open and nothing comes through them.
#[test]
fn a_node_is_cut_off_from_postgresql_under_load() {
    let postgres = Postgres::start();
    let place = place(&postgres.url());
    let links = NODES.map(|_| Link::to(&postgres));
    let mut servers = NODES.map(|which| node(&place, &links[which].url(), &[]));
    let holders = Holders::new();
    for (which, server) in servers.iter_mut().enumerate() {
        holders.watch(which, server);
    }
    let cut = |which: usize| links[which].cut();
    let mend = |which: usize| links[which].mend();
    survive(&place, servers, &holders, cut, mend);
}

/// The same with a real cable that is pulled out, where network namespaces can
/// be made. `./test` says where they can't.
#[test]
fn a_node_in_a_namespace_of_its_own_is_cut_off() {
    let space = match Namespace::new() {
        Ok(space) => space,
        Err(why) => {
            eprintln!("NOT RUN, since no network namespace can be made here: {why}");
            return;
        }
    };
    let postgres = Postgres::start();
    let place = place(&postgres.url());
    let link = Link::at(Namespace::database(), &postgres);
    let listen = format!("{}:0", Namespace::node());
    let serve = ["serve", "--listen", &listen, "--database", &link.url()];
    let mut first = Server::start(space.within(&place.command(&serve)));
    let holders = Holders::new();
    holders.watch(0, &mut first);
    let holder = holders.next();
    // Told once more, since it is asked for once more.
    holders.tell.send(holder).unwrap();
    let quiet = || node(&place, &postgres.url(), &[]);
    let mut servers = [first, quiet(), quiet()];
    holders.watch(1, &mut servers[1]);
    holders.watch(2, &mut servers[2]);
    let cut = |_| space.cut();
    let mend = |_| space.mend();
    survive(&place, servers, &holders, cut, mend);
}
