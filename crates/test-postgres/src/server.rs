//! A server for one test, which may do to it what it likes.

use std::net::TcpListener;
use std::process::{Child, Stdio};

use tempfile::TempDir;

use crate::cluster::Cluster;

/// Ends the server when the test's process is gone, however it ended.
const GUARD: &str = r#"
cat
pg_ctl -D "$FOLDER/data" -m immediate stop
rm -rf "$FOLDER/data"
"#;

/// A server with an empty database `numberd`, reached by TCP.
#[derive(Debug)]
pub struct Server {
    cluster: Cluster,
    port: u16,
    /// More for its command line.
    options: String,
    guard: Child,
    _folder: TempDir,
}

impl Server {
    /// Starts one.
    pub fn start() -> Self {
        Self::start_with(temporary(), |_| String::new())
    }

    /// Starts one in a folder of the caller's choice, which goes with it, and
    /// with more on its command line (`-c NAME=VALUE`): for measurements, which
    /// need a real disk and room.
    pub fn start_in(folder: TempDir, options: &str) -> Self {
        Self::start_with(folder, |_| options.to_owned())
    }

    /// Starts one that takes encrypted connections, too, with this certificate
    /// and its key (PEM).
    pub fn with_tls(certificate: &str, key: &str) -> Self {
        Self::start_with(temporary(), |cluster| {
            cluster.put("server.pem", certificate);
            cluster.put("server.key", key);
            let folder = cluster.folder.display();
            format!(
                "-c ssl=on -c ssl_cert_file={folder}/server.pem -c ssl_key_file={folder}/server.key"
            )
        })
    }

    fn start_with(folder: TempDir, options: impl FnOnce(&Cluster) -> String) -> Self {
        let cluster = Cluster::in_folder(folder.path());
        cluster.create();
        let guard = cluster
            .watch(GUARD)
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell is there");
        let server = Self {
            port: free_port(),
            options: options(&cluster),
            cluster,
            guard,
            _folder: folder,
        };
        server.start_again();
        server
    }

    /// The database's URL.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The port it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it after it was stopped.
    pub fn start_again(&self) {
        let options = format!(
            "-c listen_addresses=localhost -p {} {}",
            self.port, self.options
        );
        self.cluster.start(&options);
    }

    /// Stops it in good order; open connections are ended.
    pub fn stop(&self) {
        self.cluster.stop("fast");
    }

    /// Ends it as a crash would: what is in flight is lost, and the next start
    /// recovers.
    pub fn crash(&self) {
        self.cluster.stop("immediate");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.cluster.stop("immediate");
        drop(self.guard.stdin.take());
        // The guard cleans up; how that ends is of no use to the test.
        let _ = self.guard.wait();
    }
}

fn temporary() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
