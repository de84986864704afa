//! `numberd serve`: starting, configuration, stopping.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

use common::{API_KEY, PASSWORD, Place, Run, Server, text};

#[test]
fn it_says_where_it_listens_answers_and_ends_on_sigterm_and_sigint() {
    for signal in ["-TERM", "-INT"] {
        let place = Place::new();
        let mut server = place.serve(&[]);
        let answer = server.get("/healthz");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        server.signal(signal);
        let (status, _, _) = server.wait();
        assert_eq!(status.code(), Some(0), "{signal}");
        // Closed: the log of the database is gone.
        assert!(place.path("numberd.db").exists());
        assert!(!place.path("numberd.db-wal").exists());
    }
}

#[test]
fn secrets_are_printed_once_and_only_those_made_up() {
    let place = Place::new();
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    command
        .env_remove("NUMBERD_ADMIN_PASSWORD")
        .env_remove("NUMBERD_MASTER_API_KEY");
    command
        .env("NUMBERD_MASTER_NAME", "Operator")
        .env("NUMBERD_ADMIN_USERNAME", "Root");
    let out = Server::start(command).stop();
    assert!(out.contains("master account: Operator ("), "{out}");
    assert!(out.contains("admin user: root\n"), "{out}");
    let secret = |name: &str| {
        let line = out.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no '{name}' in {out}"))
            .to_owned()
    };
    assert!(secret("admin password, shown this once: ").len() >= 32);
    assert_eq!(secret("API key, shown this once: ").len(), 64);
    assert_eq!(place.serve(&[]).stop(), "");

    let place = Place::new();
    let mut server = place.serve(&[]);
    server.signal("-TERM");
    let (_, out, err) = server.wait();
    for text in [&out, &err] {
        assert!(
            !text.contains(PASSWORD) && !text.contains(API_KEY),
            "{text}"
        );
    }
    assert!(out.contains("admin user: admin\n"), "{out}");
}

#[test]
fn a_wrong_api_key_in_the_environment_is_refused() {
    let place = Place::new();
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("NUMBERD_MASTER_API_KEY", "123");
    let run = Run::in_vain(command);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("numberd: api_key: "), "{run:?}");
}

#[test]
fn what_is_in_flight_is_finished() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let body = r#"{"data":{"credentials":"00000000000000000000000000000000","account_name":"x"}}"#;
    let mut stream = server.connect();
    let head = format!(
        "PUT /v2/user_auth HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    // The server says so when it begins to wait for the body.
    answer.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 100 "), "{line}");
    server.signal("-TERM");
    // No new connection is taken any more; the old one is answered.
    while std::net::TcpStream::connect(&server.address).is_ok() {
        std::thread::yield_now();
    }
    stream.write_all(body.as_bytes()).unwrap();
    let mut rest = String::new();
    answer.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("HTTP/1.1 401 "), "{rest}");
    assert_eq!(server.wait().0.code(), Some(0));
}

#[test]
fn a_port_that_is_taken_is_one_line() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = place.serve_in_vain(&["--listen", &address]);
    run.failed(1, &[&address, "in use"]);
    assert!(!place.path("numberd.db").exists());
    let run = place.serve_in_vain(&["--listen", "nonsense"]);
    run.failed(2, &["nonsense", "127.0.0.1:8000"]);
}

#[test]
fn databases_that_cant_be_used_say_so() {
    let place = Place::new();
    let serve =
        |database: &str| place.serve_in_vain(&["--log-level", "off", "--database", database]);
    serve("sqlite:.").failed(5, &["folder"]);
    serve("sqlite:no/such/folder/x.db").failed(5, &["no/such/folder"]);
    place.write(
        "text.db",
        "this is no database, but a text that is long enough to look at",
    );
    serve("sqlite:text.db").failed(5, &["text.db", "not a database"]);
    serve("postgres://user:secret@127.0.0.1:1/db").failed(5, &["can't be reached"]);
    serve("oracle:x").failed(2, &["oracle", "sqlite:numberd.db"]);
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let place = Place::with_database();
    let path = place.path("numberd.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute(
            "INSERT INTO schema_migrations VALUES (999, 'tomorrow', '')",
            [],
        )
        .unwrap();
    drop(connection);
    let run = place.serve_in_vain(&[]);
    run.failed(5, &["numberd.db", "999", "newer"]);
}

#[test]
fn two_servers_cant_have_one_database() {
    let place = Place::new();
    let server = place.serve(&[]);
    let run = place.serve_in_vain(&[]);
    assert_eq!(run.code, Some(5));
    assert!(
        run.err.contains("another process has the database"),
        "{run:?}"
    );
    server.stop();
}

#[test]
fn a_flag_wins_over_the_environment_over_the_file_over_the_default() {
    let place = Place::new();
    let database = |name: &str| format!("sqlite:{name}.db");
    let start = |flag: bool, environment: bool, config: &[&str]| {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0"];
        arguments.extend(config);
        let flagged = database("flag");
        if flag {
            arguments.extend(["--database", &flagged]);
        }
        let mut command = place.command(&arguments);
        if environment {
            command.env("NUMBERD_DATABASE", database("environment"));
        } else {
            // Not set, as in a file of variables with nothing behind the sign.
            command.env("NUMBERD_DATABASE", "");
        }
        Server::start(command).stop();
        let mut made = Vec::new();
        for name in ["flag", "environment", "file", "named", "numberd"] {
            let path = place.path(&format!("{name}.db"));
            if path.exists() {
                made.push(name);
                std::fs::remove_file(path).unwrap();
            }
        }
        made
    };
    assert_eq!(start(false, false, &[]), ["numberd"]);
    let named = place.write("other.toml", "database = 'sqlite:named.db'");
    place.write("numberd.toml", "database = 'sqlite:file.db'");
    assert_eq!(start(true, true, &[]), ["flag"]);
    assert_eq!(start(false, true, &[]), ["environment"]);
    assert_eq!(start(false, false, &[]), ["file"]);
    assert_eq!(start(false, false, &["--config", text(&named)]), ["named"]);
}

#[test]
fn a_configuration_that_cant_be_used_names_file_and_key() {
    let place = Place::new();
    let with = |text: &str| {
        place.write("numberd.toml", text);
        place.serve_in_vain(&[])
    };
    with("databse = 'x'").failed(2, &["numberd.toml", "line 1", "databse"]);
    with("\n[limits]\nmax_body = 1").failed(2, &["numberd.toml", "line 3", "max_body"]);
    with("dialect = '2017'").failed(2, &["numberd.toml", "2017"]);
    with("[number_manager]\ncarrier_modules = ['locl']").failed(2, &["carrier_modules", "locl"]);
    with("[carriers.acme]\ntoken = 'x'").failed(2, &["carriers.acme", "telnyx"]);
    with("[carriers.telnyx]\ntokn = 'x'").failed(2, &["carriers.telnyx", "tokn"]);
    for vendor in simulators::VENDORS
        .iter()
        .filter(|vendor| vendor.carrier.is_some())
    {
        let (name, keys) = (vendor.name, vendor.carrier.map(|carrier| carrier.settings));
        let block = format!("carriers.{name}");
        let run = with(&format!("[{block}]\n"));
        let named = keys
            .into_iter()
            .flatten()
            .any(|(key, _)| run.err.contains(key));
        assert!(
            named || run.err.contains("phonebook_url"),
            "{name}: {run:?}"
        );
        run.failed(2, &[&block]);
    }
    with("[log]\nlevel = 'numberd=loud'").failed(2, &["log.level", "numberd=loud"]);
    let run = place.serve_in_vain(&["--config", "absent.toml"]);
    run.failed(2, &["absent.toml"]);
    place.write("numberd.toml", "");
    place
        .serve_in_vain(&["--dialect", "1999"])
        .failed(2, &["1999", "4.3"]);
    assert!(!place.path("numberd.db").exists());
}
