//! Where lines of the log go: to stderr, gathered, so that a busy server
//! doesn't make a system call for each request. Warnings and errors take what
//! was gathered along at once.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Longest time that a line waits.
const WAIT: Duration = Duration::from_millis(100);
/// Gathered bytes at which whoever writes the next line sends them off itself.
const MOST: usize = 64 << 10;

static GATHERED: OnceLock<Gathered> = OnceLock::new();

/// Writes out what was gathered; to be called before the process ends.
pub fn flush() {
    if let Some(gathered) = GATHERED.get() {
        Gathered::send(gathered.lock());
    }
}

/// Lines on their way to stderr.
#[derive(Clone, Debug, Default)]
pub struct Gathered(Arc<Mutex<Vec<u8>>>);

impl Gathered {
    /// The one that [`flush`] knows, with the thread that sends it off.
    pub fn start() -> io::Result<Self> {
        let gathered = GATHERED.get_or_init(Self::default).clone();
        let sender = gathered.clone();
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || {
                loop {
                    thread::sleep(WAIT);
                    Self::send(sender.lock());
                }
            })?;
        Ok(gathered)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock is kept meanwhile, so that lines stay in their order. Whether
    /// stderr takes them is nothing that could be logged.
    fn send(mut lines: MutexGuard<'_, Vec<u8>>) {
        if !lines.is_empty() {
            let _ = io::stderr().write_all(&lines);
            lines.clear();
        }
    }
}

/// One line.
#[derive(Debug)]
pub struct Line<'a> {
    gathered: &'a Gathered,
    urgent: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = self.gathered.lock();
        lines.extend_from_slice(bytes);
        if self.urgent || lines.len() >= MOST {
            Gathered::send(lines);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Gathered {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line {
            gathered: self,
            urgent: true,
        }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Line<'a> {
        Line {
            gathered: self,
            urgent: *meta.level() <= Level::WARN,
        }
    }
}
