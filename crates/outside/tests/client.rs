//! What the client keeps to, whatever an adapter asks of it: whom it trusts, how
//! much it asks at once, and what never leaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::Method as AxumMethod;
use futures::future::join_all;
use outside::http::{Client, Method, Url};
use outside::settings::{Common, Spending};
use outside::{Failure, Service};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;

fn client(service: &Service, url: &str, max_concurrency: usize, spending: Spending) -> Client {
    let common = Common {
        base_url: Some(Url::parse(url).expect("a URL")),
        allow_private_addresses: true,
        max_concurrency,
        ..Common::default()
    };
    Client::new(service, &common, "", spending, &[]).expect("good settings")
}

async fn serve(routes: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}")
}

/// `server.pem` there is `localhost`'s, signed by `authority.pem`, which nobody
/// trusts but who is told to.
fn certificate(name: &str) -> String {
    let folder = env!("CARGO_MANIFEST_DIR");
    format!("{folder}/../store-postgres/tests/data/{name}")
}

/// A server that speaks TLS and answers everything; and each request's bytes.
async fn speaking_tls() -> (String, mpsc::UnboundedReceiver<Vec<u8>>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chain = CertificateDer::from_pem_file(certificate("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(certificate("server.key")).expect("a key");
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .expect("a pair");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (sender, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Who doesn't trust it goes away.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap_or_default();
            request.truncate(length);
            sender.send(request).expect("the test waits");
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.expect("a client");
            stream.shutdown().await.expect("a client");
        }
    });
    (format!("https://localhost:{port}"), requests)
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_before_anything_is_sent() {
    let (url, mut requests) = speaking_tls().await;
    let service = Service::carrier("other");
    let client = client(&service, &url, 1, Spending::Allowed);
    for call in [
        client.look("search", Method::GET, client.url(["numbers"])),
        client.spend("order", Method::PUT, client.url(["order"])),
        client.log_in(client.url(["token"])),
    ] {
        let error = call.bearer("secret").send().await;
        let error = error.expect_err("it isn't trusted");
        assert_eq!(error.failure, Failure::NotSent, "{error:?}");
        assert!(error.reason.contains("certificate"), "{error:?}");
    }
    assert!(requests.try_recv().is_err(), "something was sent");
    // Who knows the authority is answered.
    let authority = std::fs::read(certificate("authority.pem")).expect("a file");
    let authority = reqwest::Certificate::from_pem(&authority).expect("a certificate");
    let trusting = reqwest::Client::builder().tls_certs_only([authority]);
    let answer = trusting.build().expect("a client").get(&url).send().await;
    assert_eq!(answer.expect("trusted").status(), 200);
    assert!(requests.try_recv().is_ok());
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_the_carrier_is_said_to_take() {
    const AT_ONCE: usize = 3;
    const ALL: usize = 12;
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let under_way = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(Semaphore::new(0));
    let seen = (under_way.clone(), gate.clone());
    let routes = Router::new().fallback(move || {
        let (arrived, (under_way, gate)) = (arrived.clone(), seen.clone());
        async move {
            let now = under_way.fetch_add(1, Ordering::SeqCst) + 1;
            arrived.send(now).expect("the test waits");
            gate.acquire().await.expect("open").forget();
            under_way.fetch_sub(1, Ordering::SeqCst);
        }
    });
    let url = serve(routes).await;
    let service = Service::carrier("other");
    let client = client(&service, &url, AT_ONCE, Spending::Allowed);
    let calls = (0..ALL).map(|_| {
        client
            .spend("order", Method::PUT, client.url(["order"]))
            .send()
    });
    let watch = async {
        let mut most = 0;
        for nth in 0..ALL {
            most = most.max(arrivals.recv().await.expect("a request"));
            // All that may come at first are there before one may go.
            if nth + 1 >= AT_ONCE {
                gate.add_permits(1);
            }
        }
        gate.add_permits(AT_ONCE);
        most
    };
    let (answers, most) = tokio::join!(join_all(calls), watch);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(most, AT_ONCE);
}

/// Whatever file of a vendor asks for it.
#[tokio::test]
async fn nothing_that_spends_leaves_where_it_may_not() {
    let (sender, mut requests) = mpsc::unbounded_channel();
    let routes = Router::new().fallback(move |method: AxumMethod| {
        let sender = sender.clone();
        async move { sender.send(method).expect("the test waits") }
    });
    let url = serve(routes).await;
    for (service, spending, looks) in [
        (Service::carrier("other"), Spending::Allowed, true),
        (Service::carrier("other"), Spending::Sandbox, true),
        (Service::carrier("other"), Spending::Disabled, true),
        (Service::provider("dash_e911"), Spending::Sandbox, false),
        (Service::provider("dash_e911"), Spending::Disabled, false),
    ] {
        let client = client(&service, &url, 1, spending);
        let answer = client.look("search", Method::GET, client.url(["x"])).send();
        assert_eq!(answer.await.is_ok(), looks, "{service} {spending:?}");
        assert_eq!(requests.try_recv().is_ok(), looks, "{service} {spending:?}");
        let may_spend = spending == Spending::Allowed;
        for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE] {
            let answer = client.spend("order", method, client.url(["x"])).send();
            match answer.await {
                Ok(_) => assert!(may_spend, "{service} {spending:?}"),
                Err(error) => assert_eq!(error.failure, Failure::NotSent, "{error:?}"),
            }
            let left = requests.try_recv().is_ok();
            assert_eq!(left, may_spend, "{service} {spending:?}");
        }
    }
}
