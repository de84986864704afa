//! The server that the tests of a run share, whatever processes they run in.

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use tokio_postgres::{Client, NoTls};

use crate::cluster::Cluster;

/// Stops the server when nobody has been connected for some seconds. Smart:
/// who comes just then is sent away and starts the next one.
const WATCH: &str = r#"
idle=0
while [ $idle -lt 5 ]; do
    sleep 3
    pg_ctl -D "$FOLDER/data" status >/dev/null || exit 0
    others=$(psql -h "$FOLDER" -U postgres -d postgres -Atc "SELECT count(*) FROM pg_stat_activity \
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()") || others=some
    if [ "$others" = 0 ]; then idle=$((idle + 1)); else idle=0; fi
done
pg_ctl -D "$FOLDER/data" -m smart -t 60 stop
"#;

/// Room for many tests at once; everything is as durable as in production.
const OPTIONS: &str = "-c listen_addresses= -c max_connections=400 -c shared_buffers=64MB";

/// How long a server may take to come up or go down.
const PATIENCE: Duration = Duration::from_mins(1);

/// The URL of the server's own database, and a connection to it that keeps the
/// server running. The connection's task runs on the calling runtime.
pub async fn connect() -> (String, Client) {
    if let Ok(url) = env::var("NUMBERD_TEST_PG")
        && !url.is_empty()
    {
        let client = try_connect(&url).await;
        return (
            url,
            client.expect("NUMBERD_TEST_PG names a server that answers"),
        );
    }
    let folder = folder();
    let url = format!(
        "postgres:///postgres?user=postgres&host={}",
        folder.display()
    );
    let begun = Instant::now();
    loop {
        match try_connect(&url).await {
            Ok(client) => return (url, client),
            Err(error) if begun.elapsed() > PATIENCE => {
                panic!(
                    "the tests' PostgreSQL in {} fails: {error}",
                    folder.display()
                )
            }
            // Coming up, or going down.
            Err(error) if error.code().is_some() => thread::sleep(Duration::from_millis(50)),
            Err(_) => start(&folder),
        }
    }
}

async fn try_connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// The same for all tests of this checkout and user; short, since the path of
/// a socket is.
fn folder() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_MANIFEST_DIR").hash(&mut hasher);
    let user = fs::metadata("/proc/self").map_or(0, |process| process.uid());
    let name = format!("numberd-pg-{user}-{:08x}", hasher.finish() >> 32);
    let folder = env::temp_dir().join(&name);
    if folder.as_os_str().len() < 80 {
        folder
    } else {
        Path::new("/tmp").join(name)
    }
}

/// Starts the server unless somebody did meanwhile.
fn start(folder: &Path) {
    fs::create_dir_all(folder).expect("a temporary folder");
    let lock = File::create(folder.join("lock")).expect("the lock of the tests' PostgreSQL");
    lock.lock().expect("one process at a time starts it");
    let cluster = Cluster::in_folder(folder);
    if cluster.is_running() {
        // It is on its way up or down.
        thread::sleep(Duration::from_millis(50));
        return;
    }
    cluster.create();
    cluster.start(OPTIONS);
    #[expect(clippy::zombie_processes, reason = "it outlives the tests")]
    cluster
        .watch(WATCH)
        .stdin(Stdio::null())
        .spawn()
        .expect("a shell is there");
}
