//! The real binary on PostgreSQL: commands, and several nodes over one
//! database.

mod common;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::{Place, Server, text};
use test_postgres::Database;

#[test]
fn commands_work_on_postgresql() {
    let database = Database::new();
    let place = Place::over(database.url());
    let unprepared = place.run(&["number", "list"]);
    unprepared.failed(5, &["numberd migrate"]);
    for _ in 0..2 {
        let run = place.run(&["migrate"]).done();
        assert_eq!(run.out, "the database is up to date\n");
    }
    place
        .run(&["migrate", "--citus"])
        .failed(5, &["CREATE EXTENSION citus"]);
    let server = place.serve(&[]);
    // Beside the server: nobody has the database for himself.
    let account = place.account("acme");
    let csv = place.write(
        "in.csv",
        format!(
            "e164,account_id,state\n+14155550100,{account},in_service\n+14155550101,,available\n"
        ),
    );
    place.run(&["import", text(&csv)]).done();
    let shown = place.run(&["number", "show", "+14155550100", "--json"]);
    assert_eq!(shown.done().json()["state"], "in_service");
    place
        .run(&["user", "create", "acme", "zoe", "--json"])
        .done();
    place.run(&["fix"]).done();
    let checked = place.run(&["check", "--json"]).done().json();
    assert_eq!(checked["found"], 0, "{checked}");
    assert_eq!(checked["numbers"], 2, "{checked}");
    let exported = place.run(&["export"]).done().out;
    assert_eq!(exported.lines().count(), 3, "{exported}");
    place.run(&["backup", "copy.db"]).failed(2, &["pg_dump"]);
    server.stop();
}

/// Far more rows are under way than are written at once.
#[test]
fn an_import_waits_for_a_slow_database() {
    const ROWS: usize = 24_000;
    let database = Database::new();
    let place = Place::over(database.url());
    place.run(&["migrate"]).done();
    database.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN PERFORM pg_sleep(0.001); RETURN NEW; END'; \
         CREATE TRIGGER slow BEFORE INSERT ON numbers FOR EACH ROW EXECUTE FUNCTION slow()",
    );
    let rows = (0..ROWS).map(|row| format!("+1415{:07},available\n", 5_550_000 + row));
    let csv = format!("e164,state\n{}", rows.collect::<String>());
    let csv = place.write("in.csv", csv);
    let run = place.run(&["import", text(&csv), "--json"]).done();
    assert_eq!(run.json()["created"], ROWS, "{run:?}");
}

#[test]
fn a_server_that_cant_be_reached_is_told_without_its_password() {
    let place = Place::over("postgres://u:secret@127.0.0.1:1/d?connect_timeout=1");
    let run = place.run(&["number", "list"]);
    assert!(!run.err.contains("secret"), "{run:?}");
    assert_eq!(run.code, Some(5), "{run:?}");
    let place = Place::over("postgres://u:secret@h/d?sslmode=maybe");
    let run = place.run(&["number", "list"]);
    assert!(!run.err.contains("secret"), "{run:?}");
    run.failed(5, &["sslmode"]);
}

/// Nodes that are started at the same moment.
fn start_at_once(place: &Place, count: usize, options: &[&str]) -> Vec<Server> {
    thread::scope(|scope| {
        let starts: Vec<_> = (0..count)
            .map(|_| scope.spawn(|| place.serve(options)))
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect()
    })
}

#[test]
fn nodes_that_start_at_once_make_one_master_account() {
    let database = Database::new();
    let place = Place::over(database.url());
    let servers = start_at_once(&place, 3, &[]);
    let tokens: Vec<String> = servers.iter().map(Server::token).collect();
    // A token of one is good at all.
    for (server, token) in servers.iter().zip(tokens.iter().rev()) {
        let (status, answer) = server.ask("GET", "/v2/accounts", token, "").unwrap();
        assert_ne!(status, 401, "{answer}");
    }
    let told = servers.into_iter().map(Server::stop);
    let makers = told.filter(|out| out.contains("master account: "));
    assert_eq!(makers.count(), 1);
}

/// Callers ask node after node, as behind a plain balancer; one node is killed
/// meanwhile.
#[test]
fn a_node_that_is_killed_under_load_loses_nothing() {
    const NUMBERS: u64 = 240;
    let database = Database::new();
    let place = Place::over(database.url());
    // Nobody reads the log.
    let mut servers = start_at_once(&place, 3, &["--log-level", "off"]);
    let token = servers[0].token();
    let account = place.run(&["account", "list", "--json"]).done().json();
    let account = account[0]["id"].as_str().unwrap().to_owned();
    let path = |n: u64| {
        format!(
            "/v2/accounts/{account}/phone_numbers/%2B1415{:07}",
            5_550_000 + n
        )
    };
    let (acknowledged, refused) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let next = AtomicU64::new(0);
    let mut victim = servers.pop().unwrap();
    let address = victim.address.clone();
    thread::scope(|scope| {
        for caller in 0..4 {
            let (servers, address) = (&servers, &address);
            let (path, token) = (&path, &token);
            let (acknowledged, refused, next) = (&acknowledged, &refused, &next);
            scope.spawn(move || {
                for round in caller.. {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= NUMBERS {
                        break;
                    }
                    let asked = match round % 3 {
                        2 => common::ask(address, "PUT", &path(n), token, r#"{"data":{}}"#),
                        which => servers[which].ask("PUT", &path(n), token, r#"{"data":{}}"#),
                    };
                    match asked {
                        Ok((201, _)) => acknowledged.lock().unwrap().push(n),
                        Ok((status, answer)) => panic!("{status}: {answer}"),
                        Err(_) if round % 3 == 2 => {
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => panic!("a node that runs answers: {error}"),
                    }
                }
            });
        }
        while next.load(Ordering::Relaxed) < NUMBERS / 3 {
            thread::sleep(Duration::from_millis(1));
        }
        victim.kill();
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(refused.into_inner() > 0, "it was killed under load");
    assert!(acknowledged.len() >= 100, "{}", acknowledged.len());
    for n in acknowledged {
        let (status, answer) = servers[1].ask("GET", &path(n), &token, "").unwrap();
        assert_eq!(status, 200, "{n} was acknowledged: {answer}");
    }
    let checked = place.run(&["check", "--json"]).done().json();
    assert_eq!(checked["found"], 0, "{checked}");
}

/// The node that does the jobs of all dies; another one goes on within a
/// minute, one alone.
#[test]
fn the_jobs_of_a_dead_node_move() {
    let database = Database::new();
    let place = Place::over(database.url());
    let mut servers = start_at_once(&place, 3, &[]);
    let (told, holders) = mpsc::channel();
    for (which, server) in servers.iter_mut().enumerate() {
        let (told, log) = (told.clone(), server.log());
        thread::spawn(move || {
            for line in log.filter(|line| line.contains("the jobs of all nodes")) {
                // The test may have ended.
                let _ = told.send((which, line.contains("is_held=true")));
            }
        });
    }
    let (first, is_held) = holders.recv().unwrap();
    assert!(is_held);
    servers[first].kill();
    let (second, is_held) = holders.recv_timeout(Duration::from_mins(1)).unwrap();
    assert!(is_held);
    assert_ne!(first, second);
    assert!(holders.try_recv().is_err(), "one is enough");
    // Who ends in good order lets go at once.
    servers[second].signal("-TERM");
    let (third, is_held) = holders.recv_timeout(Duration::from_mins(1)).unwrap();
    assert!(is_held);
    assert!(third != first && third != second);
}
