//! `cargo xtask bench --database …`: the table on PostgreSQL, over one and more
//! nodes, beside pgbench, which says to the same server what numberd says to
//! it. explanation.md says what is measured.

mod pgbench;
mod recorder;
mod server;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;

use anyhow::{Result, bail, ensure};

use super::client::{Load, Requests};
use super::dataset;
use super::http::Caller;
use super::place::{Located, Place};
use super::reads::{CONNECTIONS, WARM_UP};
use super::report::{Bound, Report};
use super::requests::{Creation, Cycle, Fresh, in_path};
use super::server::Server;
use super::stats::Side;
use super::writes::{COLLECTION_CONNECTIONS, REST};
use super::{Bench, Options, Part, ROUNDS, finish, import, say, scale, start};
use pgbench::Variable;
use recorder::Recorder;
use server::SETTINGS;
pub use server::{Database, OWN, Postgres};
use wire::Step;

const EXPLANATION: &str = include_str!("explanation.md");

/// What is measured here.
const HERE: [Part; 7] = [
    Part::Start,
    Part::Get,
    Part::Identify,
    Part::Search,
    Part::Listing,
    Part::Put,
    Part::Collection,
];
/// Numbers in each request of the collection: a statement of pgbench's takes
/// 255 parameters at most.
const TOGETHER: u64 = 200;
/// Places in the list of numbers that pgbench makes, and how many more in the
/// next round.
const THEIRS: u64 = 80_000_000;
const EACH_ROUND: u64 = 10_000_000;
/// Numbers of an account that are read.
const READ: usize = 1024;

/// The whole of it.
pub fn run(options: &Options, database: &str, arguments: &[String]) -> Result<()> {
    let other = options.only.iter().find(|part| !HERE.contains(part));
    if let Some(part) = other {
        bail!("{part:?} is measured on the embedded database");
    }
    let place = Place::new()?;
    say("building numberd");
    place.build()?;
    say("opening PostgreSQL");
    let postgres = Postgres::open(database, &place)?;
    say("making accounts");
    let accounts = postgres.create("accounts", None)?;
    let bench = Bench::new(options, place, &accounts)?;
    let mut report = Report::new(options, arguments).explained_by(EXPLANATION);
    report.fact("{postgres}", postgres.version()?);
    report.fact("{settings}", SETTINGS.to_owned());
    report.fact("{connections}", CONNECTIONS.to_string());
    let large = postgres.create("large", Some(&accounts))?;
    say("importing");
    import::run(&bench, &bench.dataset, &large)?;
    postgres.settle(&large)?;
    if options.wants(Part::Start) {
        start::measure(&bench, &large, &mut report)?;
    }
    let serve = |_| bench.place.serve(&large);
    let nodes = (0..options.nodes).map(serve).collect::<Result<Vec<_>>>()?;
    let fresh: Fresh = Arc::new(AtomicU64::new(bench.dataset.numbers));
    let mut table = Table {
        bench: &bench,
        postgres: &postgres,
        database: &large,
        nodes,
        fresh,
        theirs: 0,
        rounds: 0,
        statements: Vec::new(),
        report: &mut report,
    };
    table.measure(options)?;
    let (nodes, theirs) = (table.nodes, table.theirs);
    let statements = table.statements.join("\n\n");
    let ours = table.fresh.load(Ordering::Relaxed);
    report.fact("{statements}", statements);
    if options.wants_any(&[Part::Search, Part::Listing]) {
        lists(
            &bench,
            options,
            &postgres,
            (&accounts, &nodes[0]),
            &mut report,
        )?;
    }
    start::peak(&nodes[0], &mut report)?;
    for node in nodes {
        node.stop()?;
    }
    let found = postgres.numbers(&large)?;
    ensure!(
        found == ours + theirs,
        "{found} numbers are stored, {ours} by numberd and {theirs} by pgbench were answered"
    );
    say("numberd check");
    verify(&bench.place, &large)?;
    finish(&report, options, &bench.place)
}

/// Every invariant of the database holds, of the rows that pgbench wrote too.
pub fn verify(place: &Place, database: &impl Located) -> Result<()> {
    let output = place.numberd(database).arg("check").output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "numberd check: {said}");
    Ok(())
}

fn lists(
    bench: &Bench,
    options: &Options,
    postgres: &Postgres,
    (accounts, large): (&Database, &Server),
    report: &mut Report,
) -> Result<()> {
    say("importing the small database");
    let database = postgres.create("small", Some(accounts))?;
    import::run(bench, &scale::small(bench), &database)?;
    postgres.settle(&database)?;
    let small = scale::Small::serving(bench.place.serve(&database)?);
    if options.wants(Part::Search) {
        scale::search(bench, &small, large, report)?;
    }
    if options.wants(Part::Listing) {
        scale::listing(bench, &small, large, report)?;
    }
    small.stop()
}

/// What is compared with pgbench.
struct Table<'b> {
    bench: &'b Bench,
    postgres: &'b Postgres,
    database: &'b Database,
    nodes: Vec<Server>,
    fresh: Fresh,
    /// Numbers that pgbench wrote.
    theirs: u64,
    /// Rounds of pgbench's that wrote.
    rounds: usize,
    /// What was heard.
    statements: Vec<String>,
    report: &'b mut Report,
}

/// A load, and the same of pgbench's.
struct Shape<'s> {
    what: &'s str,
    unit: &'s str,
    bound: f64,
    connections: usize,
    /// Numbers of a request.
    each: u64,
    load: Load,
}

impl Table<'_> {
    fn measure(&mut self, options: &Options) -> Result<()> {
        if options.wants(Part::Get) {
            self.reads("GET of a number", "")?;
        }
        if options.wants(Part::Identify) {
            self.reads("`identify`", "/identify")?;
        }
        if options.wants(Part::Put) {
            self.writes("PUT of new numbers", CONNECTIONS, 1)?;
        }
        if options.wants(Part::Collection) {
            let what = format!("collection PUT of {TOGETHER}");
            self.writes(&what, COLLECTION_CONNECTIONS, TOGETHER)?;
        }
        Ok(())
    }

    /// GET of the clients' numbers: each of its own, or the master of all.
    fn reads(&mut self, what: &str, rest: &str) -> Result<()> {
        let installation = &self.bench.installation;
        let (mut asked, mut scripts, mut heard) = (Vec::new(), Vec::new(), Vec::new());
        let node = self.listened_to()?;
        for (account, client) in (0..).zip(&installation.clients) {
            let who = if rest.is_empty() {
                client
            } else {
                &installation.master
            };
            let own: Vec<u64> = self.bench.dataset.in_service(account).take(READ).collect();
            let get = |index: &u64| who.get(&format!("/{}{rest}", in_path(*index)));
            let request = get(&own[0]);
            let ask = || node.caller()?.ask(&request, 200).map(|_| ());
            let ((), steps) = node.recorder.record(ask)?;
            let digits: Vec<String> = own.iter().map(|index| digits(*index)).collect();
            let variable = (digits[0].clone(), "n".to_owned());
            let setup = pgbench::one_of(&digits);
            scripts.push(pgbench::script(&setup, &steps, &[variable]));
            asked.extend(own.iter().map(|index| (*index, get(index))));
            heard = steps;
        }
        node.server.stop()?;
        self.note(what, &heard);
        asked.sort_by_key(|(index, _)| dataset::mixed(*index));
        let requests: Arc<[Vec<u8>]> = asked.into_iter().map(|(_, request)| request).collect();
        let shape = Shape {
            what,
            unit: "requests/s",
            bound: 0.7,
            connections: CONNECTIONS,
            each: 1,
            load: Load::new(self.bench.seconds, 200),
        };
        let sources = || Cycle::sources(&requests, CONNECTIONS);
        for node in &self.nodes {
            Load::new(WARM_UP, 200).run(node, sources())?;
        }
        pgbench::run(
            &self.bench.place,
            self.database,
            &scripts,
            CONNECTIONS,
            WARM_UP,
        )?;
        self.by_turns(&shape, sources, |_| scripts.clone())?;
        Ok(())
    }

    /// PUT of new numbers, some in each request.
    fn writes(&mut self, what: &str, connections: usize, each: u64) -> Result<()> {
        let node = self.listened_to()?;
        let mut heard = Vec::new();
        let clients = &self.bench.installation.clients;
        // All of a collection is said in one text, which is long.
        let most = if each == 1 { clients.len() } else { 1 };
        for client in &clients[..most] {
            let holder = std::slice::from_ref(client);
            let mut source = Creation::sources(&self.fresh, holder, 1, each);
            let ask = || {
                let first = self.fresh.load(Ordering::Relaxed);
                let request = source[0].next();
                node.caller()?.ask(request, 201)?;
                Ok(first)
            };
            heard.push(node.recorder.record(ask)?);
        }
        node.server.stop()?;
        if let Some((_, steps)) = heard.first() {
            self.note(what, steps);
        }
        let rounds_before = self.rounds;
        let scripts = |round| -> Vec<String> {
            let from = THEIRS + (rounds_before + round) as u64 * EACH_ROUND;
            let script = |(first, steps): &(u64, Vec<Step>)| {
                let name = |index| (digits(first + index), format!("n{index}"));
                let variables: Vec<Variable> = (0..each).map(name).collect();
                let setup = pgbench::fresh(from, connections, &variables);
                pgbench::script(&setup, steps, &variables)
            };
            heard.iter().map(script).collect()
        };
        let mut load = Load::new(self.bench.seconds, 201);
        load.without = (each > 1).then_some(b"\"error\":{");
        let shape = Shape {
            what,
            unit: "rows/s",
            bound: 0.6,
            connections,
            each,
            load,
        };
        let (fresh, clients) = (Arc::clone(&self.fresh), clients.clone());
        let sources = || Creation::sources(&fresh, &clients, connections, each);
        self.theirs += self.by_turns(&shape, sources, scripts)?;
        self.rounds += ROUNDS;
        Ok(())
    }

    /// One node, two nodes, … pgbench, and again; answers how many numbers
    /// pgbench wrote or read.
    fn by_turns(
        &mut self,
        shape: &Shape<'_>,
        sources: impl Fn() -> Vec<Box<dyn Requests>>,
        scripts: impl Fn(usize) -> Vec<String>,
    ) -> Result<u64> {
        let mut ours: Vec<Side> = self.nodes.iter().map(|_| Side::default()).collect();
        let (mut theirs, mut total) = (Side::default(), 0);
        let each = usize::try_from(shape.each)?;
        for round in 1..=ROUNDS {
            say(&format!("{}, round {round} of {ROUNDS}", shape.what));
            for (side, count) in ours.iter_mut().zip(1..) {
                side.add(shape.load.run_over(&self.nodes[..count], sources())?, each);
                sleep(REST);
            }
            let (place, time) = (&self.bench.place, self.bench.seconds);
            let scripts = scripts(round);
            let reached = pgbench::run(place, self.database, &scripts, shape.connections, time)?;
            sleep(REST);
            theirs.add_rate(reached.per_second * super::stats::count(each));
            total += reached.transactions * shape.each;
        }
        // What was read, looked at and written alike is put in order once.
        self.postgres.settle(self.database)?;
        for (side, count) in ours.iter_mut().zip(1..) {
            let nodes = if count == 1 { "node" } else { "nodes" };
            let what = format!("{}, {count} {nodes}", shape.what);
            let bound = Bound::AtLeast(shape.bound);
            self.report
                .against("pgbench", &what, shape.unit, bound, side, &theirs);
            self.report.processor(&what, side, None);
        }
        Ok(total)
    }

    /// A node whose statements are heard.
    fn listened_to(&self) -> Result<Heard> {
        let recorder = Recorder::start(self.postgres.address()?)?;
        let relayed = self.postgres.through(self.database, recorder.address);
        let server = self.bench.place.serve(&relayed)?;
        Ok(Heard { server, recorder })
    }

    fn note(&mut self, what: &str, steps: &[Step]) {
        let shown = pgbench::shown(steps);
        self.statements.push(format!("- {what}\n{shown}"));
    }
}

struct Heard {
    server: Server,
    recorder: Recorder,
}

impl Heard {
    fn caller(&self) -> Result<Caller> {
        Caller::new(self.server.address)
    }
}

/// A number without its plus.
fn digits(index: u64) -> String {
    dataset::number(index).trim_start_matches('+').to_owned()
}
