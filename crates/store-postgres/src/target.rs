//! What a database's URL says.
//!
//! The driver knows most of libpq's parameters; the ones about trust in the
//! server (`sslmode=verify-full`, `sslrootcert`, …) and `pool_size` are ours.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};

use crate::failure::{Failure, Result};

/// Most connections that a URL may ask for.
const MOST_CONNECTIONS: usize = 1000;

/// How far the server's certificate is trusted: libpq's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Encrypted or not, whoever it is.
    Anybody,
    /// A certificate of a known authority, for whatever name.
    Authority,
    /// A certificate of a known authority for the host that is connected to.
    Host,
}

/// Where a database is, and how to get there.
#[derive(Clone)]
pub struct Target {
    pub config: Config,
    pub trust: Trust,
    /// Certificates of authorities, PEM; `None`: the system's.
    pub authorities: Option<PathBuf>,
    /// Our own certificate and its key, PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
    pub pool_size: Option<usize>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The driver's configuration keeps the password to itself.
        f.debug_struct("Target")
            .field("config", &self.config)
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

/// Our own parameters of a URL.
#[derive(Default)]
struct Own {
    mode: Option<String>,
    authorities: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    pool_size: Option<usize>,
}

impl Target {
    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?…`.
    pub fn parse(url: &str) -> Result<Self> {
        let (start, query) = url.split_once('?').unwrap_or((url, ""));
        let mut own = Own::default();
        let mut theirs = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            if !own.take(pair)? {
                theirs.push(pair);
            }
        }
        let start = match start.split_once("://") {
            Some((_, rest)) => format!("postgresql://{rest}"),
            None => return Err(unusable("it has to begin with postgres://")),
        };
        let url = match theirs.as_slice() {
            [] => start,
            some => format!("{start}?{}", some.join("&")),
        };
        let config = Config::from_str(&url).map_err(|error| {
            let cause = std::error::Error::source(&error);
            unusable(&cause.map_or_else(|| error.to_string(), ToString::to_string))
        })?;
        own.into_target(config)
    }
}

impl Own {
    /// Takes a `name=value` if it is one of ours.
    fn take(&mut self, pair: &str) -> Result<bool> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
        match name {
            "sslmode" => self.mode = Some(value),
            "sslrootcert" if value == "system" => self.authorities = None,
            "sslrootcert" => self.authorities = Some(value.into()),
            "sslcert" => self.certificate = Some(value.into()),
            "sslkey" => self.key = Some(value.into()),
            "pool_size" => {
                let size = value.parse().ok();
                let size = size.filter(|size| (1..=MOST_CONNECTIONS).contains(size));
                let wrong = || unusable(&format!("pool_size is 1 to {MOST_CONNECTIONS}"));
                self.pool_size = Some(size.ok_or_else(wrong)?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn into_target(self, mut config: Config) -> Result<Target> {
        let mode = self.mode.as_deref().unwrap_or("prefer");
        let (ssl, trust) = match mode {
            "disable" => (SslMode::Disable, Trust::Anybody),
            "allow" | "prefer" => (SslMode::Prefer, Trust::Anybody),
            // As libpq does: who names authorities wants them asked.
            "require" if self.authorities.is_some() => (SslMode::Require, Trust::Authority),
            "require" => (SslMode::Require, Trust::Anybody),
            "verify-ca" => (SslMode::Require, Trust::Authority),
            "verify-full" => (SslMode::Require, Trust::Host),
            other => {
                return Err(unusable(&format!(
                    "sslmode is disable, prefer, require, verify-ca or verify-full, not '{other}'"
                )));
            }
        };
        config.ssl_mode(ssl);
        defaults(&mut config);
        let identity = match (self.certificate, self.key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => return Err(unusable("sslcert and sslkey come together")),
        };
        Ok(Target {
            config,
            trust,
            authorities: self.authorities,
            identity,
            pool_size: self.pool_size,
        })
    }
}

/// What the URL left open: a server that is gone must be noticed.
fn defaults(config: &mut Config) {
    if config.get_application_name().is_none() {
        config.application_name("numberd");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(5));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(10));
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_idle(Duration::from_secs(10));
        config.keepalives_interval(Duration::from_secs(3));
        config.keepalives_retries(3);
    }
    // Of several hosts only one takes writes.
    if config.get_hosts().len() > 1 && config.get_target_session_attrs() == TargetSessionAttrs::Any
    {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
}

/// Not the URL itself: there may be a password in it.
fn unusable(why: &str) -> Failure {
    Failure::unavailable(format!("the database's URL can't be used: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        let failure = Target::parse(url).expect_err("the URL is wrong");
        failure.error.to_string()
    }

    #[test]
    fn our_parameters_are_taken_out() {
        let target = Target::parse(
            "postgres://u:p%40ss@db.example:5433/numbers?sslmode=verify-full\
             &sslrootcert=%2Fetc%2Fca.pem&pool_size=7&application_name=x",
        )
        .unwrap();
        assert_eq!(target.trust, Trust::Host);
        assert_eq!(target.config.get_ssl_mode(), SslMode::Require);
        assert_eq!(target.authorities, Some(PathBuf::from("/etc/ca.pem")));
        assert_eq!(target.pool_size, Some(7));
        assert_eq!(target.config.get_application_name(), Some("x"));
        assert_eq!(target.config.get_password(), Some(b"p@ss".as_slice()));
        assert_eq!(target.config.get_ports(), [5433]);
        assert!(!format!("{target:?}").contains("p@ss"));
    }

    #[test]
    fn trust_follows_sslmode_and_authorities() {
        for (query, ssl, trust) in [
            ("", SslMode::Prefer, Trust::Anybody),
            ("?sslmode=disable", SslMode::Disable, Trust::Anybody),
            ("?sslmode=require", SslMode::Require, Trust::Anybody),
            (
                "?sslmode=require&sslrootcert=ca.pem",
                SslMode::Require,
                Trust::Authority,
            ),
            ("?sslmode=verify-ca", SslMode::Require, Trust::Authority),
            (
                "?sslmode=verify-full&sslrootcert=system",
                SslMode::Require,
                Trust::Host,
            ),
        ] {
            let target = Target::parse(&format!("postgres://u@h/d{query}")).unwrap();
            assert_eq!(target.config.get_ssl_mode(), ssl, "{query}");
            assert_eq!(target.trust, trust, "{query}");
        }
    }

    #[test]
    fn several_hosts_are_asked_for_the_one_that_writes() {
        let target = Target::parse("postgresql://u@one:1,two:2/d").unwrap();
        assert_eq!(target.config.get_hosts().len(), 2);
        assert_eq!(
            target.config.get_target_session_attrs(),
            TargetSessionAttrs::ReadWrite
        );
    }

    #[test]
    fn a_wrong_url_is_refused_without_its_secrets() {
        for (url, part) in [
            ("postgres:u:secret@h/d", "postgres://"),
            ("postgres://u:secret@h/d?sslmode=maybe", "verify-full"),
            ("postgres://u:secret@h/d?pool_size=0", "1 to 1000"),
            ("postgres://u:secret@h/d?sslcert=a.pem", "sslkey"),
            ("postgres://u:secret@h:port/d", "port"),
            ("postgres://u:secret@h/d?colour=red", "colour"),
        ] {
            let text = refused(url);
            assert!(text.contains(part), "{url}: {text}");
            assert!(!text.contains("secret"), "{text}");
        }
    }
}
