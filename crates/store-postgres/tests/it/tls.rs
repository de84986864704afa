//! Whom a connection trusts. The certificates in `data/` are for tests alone:
//! `server.pem` is `localhost`'s, signed by `authority.pem`.

use store::Store;
use store_postgres::PostgresStore;
use test_postgres::Server;

use crate::common::options;

fn data(name: &str) -> String {
    format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn server() -> Server {
    let read = |name| std::fs::read_to_string(data(name)).unwrap();
    Server::with_tls(&read("server.pem"), &read("server.key"))
}

#[tokio::test]
async fn a_server_is_trusted_as_sslmode_says() {
    let server = server();
    let (authority, other) = (data("authority.pem"), data("other_authority.pem"));
    for (host, query, is_trusted) in [
        ("localhost", "sslmode=disable".to_owned(), true),
        ("localhost", "sslmode=require".to_owned(), true),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={authority}"),
            true,
        ),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={other}"),
            false,
        ),
        (
            "localhost",
            "sslmode=verify-full&sslrootcert=system".to_owned(),
            false,
        ),
        // The certificate is another name's.
        (
            "127.0.0.1",
            format!("sslmode=verify-full&sslrootcert={authority}"),
            false,
        ),
        (
            "127.0.0.1",
            format!("sslmode=verify-ca&sslrootcert={authority}"),
            true,
        ),
        (
            "127.0.0.1",
            format!("sslmode=verify-ca&sslrootcert={other}"),
            false,
        ),
        (
            "127.0.0.1",
            format!("sslmode=require&sslrootcert={other}"),
            false,
        ),
    ] {
        let url = format!(
            "postgres://postgres@{host}:{}/postgres?{query}",
            server.port()
        );
        let opened = PostgresStore::open(&url, &options()).await;
        assert_eq!(opened.is_ok(), is_trusted, "{host} {query}: {opened:?}");
        match opened {
            Ok(store) => store.ping().await.unwrap(),
            Err(error) => assert!(error.to_string().contains("isn't trusted: "), "{error}"),
        }
    }
}

/// Who asks for encryption gets no connection without it.
#[tokio::test]
async fn a_server_without_tls_is_refused_where_it_is_asked_for() {
    let server = Server::start();
    for (mode, is_open) in [("prefer", true), ("require", false)] {
        let url = format!("{}?sslmode={mode}", server.url());
        let opened = PostgresStore::open(&url, &options()).await;
        assert_eq!(opened.is_ok(), is_open, "{mode}: {opened:?}");
        if let Err(error) = opened {
            assert!(error.to_string().contains("isn't trusted: "), "{error}");
        }
    }
}
