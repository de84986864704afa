//! Reads of one number, against the bare HTTP server.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::client::Load;
use super::http::Caller;
use super::report::{Bound, Report};
use super::requests::{Cycle, in_path};
use super::server::Server;
use super::stats::Side;
use super::{Bench, ROUNDS, bare_http, dataset, say};

/// Connections of every load that doesn't say otherwise.
pub const CONNECTIONS: usize = 64;
/// Different requests of a load.
const REQUESTS: usize = 16 * 1024;
/// Not measured: after it caches are full and threads have started.
pub const WARM_UP: Duration = Duration::from_millis(500);

/// GET of numbers in service, each by its own account.
pub fn get(bench: &Bench, server: &Server, report: &mut Report) -> Result<()> {
    let clients = &bench.installation.clients;
    let each = REQUESTS / clients.len();
    let mut asked = Vec::new();
    for (account, client) in (0..).zip(clients) {
        let own = bench.dataset.in_service(account).take(each);
        asked.extend(own.map(|index| (index, client.get(&format!("/{}", in_path(index))))));
    }
    against_bare(bench, server, report, "GET of a number", asked)
}

/// Whose number is this, asked by the master account about everybody's.
pub fn identify(bench: &Bench, server: &Server, report: &mut Report) -> Result<()> {
    let asked = (0..bench.dataset.numbers)
        // From everywhere, as the database keeps them in their order.
        .map(|index| dataset::mixed(index) % bench.dataset.numbers)
        .filter(|index| dataset::kind(*index) == dataset::Kind::InService)
        .take(REQUESTS)
        .map(|index| {
            let path = format!("/{}/identify", in_path(index));
            (index, bench.installation.master.get(&path))
        });
    against_bare(bench, server, report, "`identify`", asked.collect())
}

fn against_bare(
    bench: &Bench,
    server: &Server,
    report: &mut Report,
    what: &str,
    mut asked: Vec<(u64, Vec<u8>)>,
) -> Result<()> {
    // In no order, so that one account's are not asked for in a row.
    asked.sort_by_key(|(index, _)| dataset::mixed(*index));
    let mut caller = Caller::new(server.address)?;
    let mut bytes = 0;
    for (index, request) in asked.iter().take(100) {
        let body = caller.ask(request, 200)?;
        let (text, number) = (String::from_utf8_lossy(body), dataset::number(*index));
        ensure!(text.contains(&number), "not about {number}: {text}");
        bytes = body.len();
    }
    let requests: Arc<[Vec<u8>]> = asked.into_iter().map(|(_, request)| request).collect();
    let bare = bare_http::start(bytes)?;
    let sources = || Cycle::sources(&requests, CONNECTIONS);
    let load = Load::new(bench.seconds, 200);
    let (mut ours, mut other) = (Side::default(), Side::default());
    for target in [server, &bare] {
        Load::new(WARM_UP, 200).run(target, sources())?;
    }
    for round in 1..=ROUNDS {
        say(&format!("{what}, round {round} of {ROUNDS}"));
        ours.add(load.run(server, sources())?, 1);
        other.add(load.run(&bare, sources())?, 1);
    }
    report.against_bare(
        what,
        "requests/s",
        Bound::AtLeast(0.6),
        &mut ours,
        &mut other,
    );
    report.processor(what, &ours, Some(&other));
    Ok(())
}
