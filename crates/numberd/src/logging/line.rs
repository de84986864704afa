//! A line of text in the log. It looks as the library writes it; only the plain
//! line that every request has takes a shorter way.

use std::cell::RefCell;
use std::fmt::{self, Debug};
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::{RecordFields, VisitOutput};
use tracing_subscriber::fmt::format::{DefaultVisitor, Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The library's format, sooner.
#[derive(Debug, Default)]
pub struct Plain {
    full: Format,
}

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let about = event.metadata();
        // What libraries log in another way has its target elsewhere.
        let is_plain = !writer.has_ansi_escapes() && about.target() != "log";
        if !is_plain || context.event_scope().is_some() {
            return self.full.format_event(context, writer, event);
        }
        write_time(&mut writer)?;
        let level = about.level().as_str();
        for _ in level.len()..5 {
            writer.write_char(' ')?;
        }
        for part in [level, " ", about.target(), ": "] {
            writer.write_str(part)?;
        }
        let fields = Writer::new(&mut writer);
        Fields.format_fields(fields, event)?;
        writer.write_char('\n')
    }
}

thread_local! {
    /// A second since 1970 and its text, which many lines share.
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
}

/// The time in UTC, to the microsecond, and a blank.
fn write_time(writer: &mut Writer<'_>) -> fmt::Result {
    let now = SystemTime::now();
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != now.as_secs() || text.is_empty() {
            *second = now.as_secs();
            let seconds = i64::try_from(*second).unwrap_or_default();
            let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
            *text = time.to_string();
            // The Z comes after the microseconds.
            text.pop();
        }
        writer.write_str(text)?;
        // A million more, so that all six digits are there; without the one.
        let mut digits = itoa::Buffer::new();
        let micros = digits.format(1_000_000 + now.subsec_micros());
        for part in [".", &micros[1..], "Z "] {
            writer.write_str(part)?;
        }
        Ok(())
    })
}

/// The message as it is, other fields as `name=value`.
struct Fields;

impl<'w> FormatFields<'w> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut line = Line {
            writer,
            is_begun: false,
            result: Ok(()),
        };
        fields.record(&mut line);
        line.result
    }
}

struct Line<'w> {
    writer: Writer<'w>,
    is_begun: bool,
    result: fmt::Result,
}

impl Line<'_> {
    fn add(&mut self, write: impl FnOnce(&mut Self) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = write(self);
            self.is_begun = true;
        }
    }

    /// `name=`.
    fn name(&mut self, field: &Field) -> fmt::Result {
        if self.is_begun {
            self.writer.write_char(' ')?;
        }
        self.writer.write_str(field.name())?;
        self.writer.write_char('=')
    }

    /// What may need an escape, as the library does.
    fn other(&mut self, record: impl FnOnce(&mut DefaultVisitor<'_>)) -> fmt::Result {
        let mut visitor = DefaultVisitor::new(self.writer.by_ref(), !self.is_begun);
        record(&mut visitor);
        visitor.finish()
    }
}

/// Whether a text is quoted without an escape. Looks at all of it, which goes
/// many bytes at a time.
fn is_plain(text: &str) -> bool {
    // Between them are the quote and the backslash.
    let is_plain = |byte| matches!(byte, b' '..=b'!' | b'#'..=b'[' | b']'..=b'~');
    text.bytes()
        .fold(true, |plain, byte| plain & is_plain(byte))
}

impl Visit for Line<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" || !is_plain(value) {
            self.add(|line| line.other(|visitor| visitor.record_str(field, value)));
            return;
        }
        self.add(|line| {
            line.name(field)?;
            for part in ["\"", value, "\""] {
                line.writer.write_str(part)?;
            }
            Ok(())
        });
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(|line| {
            line.name(field)?;
            line.writer.write_str(itoa::Buffer::new().format(value))
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(|line| line.other(|visitor| visitor.record_debug(field, value)));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(|line| line.other(|visitor| visitor.record_error(field, value)));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn log() {
        let error = io::Error::other("\u{1b}[31mred");
        let text = Some("quo\"ted\\ \u{e9}\n");
        tracing::info!(
            id = "a b",
            text,
            none = None::<&str>,
            count = 3_u64,
            less = -3,
            is = true,
            "said"
        );
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, kind = ?text, "{text:?} \u{1b}");
        tracing::error!(count = 1_u64);
        tracing::info!(target: "elsewhere", "{}", "\u{1b}[31mred");
        tracing::info_span!("around", id = 7).in_scope(|| tracing::info!("inside"));
    }

    /// The lines with every digit of a time as 0.
    fn without_times(lines: &Lines) -> String {
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let zeroed = text.lines().map(|line| {
            let (time, rest) = line.split_once('Z').unwrap_or(("", line));
            let time = time.replace(|digit: char| digit.is_ascii_digit(), "0");
            format!("{time}Z{rest}\n")
        });
        zeroed.collect()
    }

    #[test]
    fn a_line_is_what_the_library_writes() {
        for colored in [false, true] {
            let [theirs, ours] = [(); 2].map(|()| Lines::default());
            let lines = |lines: &Lines| {
                let lines = lines.clone();
                fmt().with_writer(move || lines.clone()).with_ansi(colored)
            };
            let plain = lines(&ours).event_format(Plain::default());
            tracing::subscriber::with_default(lines(&theirs).finish(), log);
            tracing::subscriber::with_default(plain.finish(), log);
            let (theirs, ours) = (without_times(&theirs), without_times(&ours));
            assert!(theirs.contains("said"), "{theirs}");
            if !colored {
                assert!(theirs.starts_with("0000-00-00T00:00:00.000000Z  INFO"));
            }
            assert_eq!(ours, theirs);
        }
    }
}
