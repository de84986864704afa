//! A network namespace with two cables: one to the database, one to callers.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

/// Addresses that are nobody's (RFC 2544), four for each cable.
const DATABASE: [IpAddr; 2] = [at(1), at(2)];
const CALLERS: [IpAddr; 2] = [at(5), at(6)];

const fn at(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(198, 18, 213, last))
}

/// Gone with all that is in it when this is dropped.
pub struct Namespace {
    name: String,
    /// Makes its names its own.
    id: u32,
}

impl Namespace {
    /// Makes one, or says why that can't be done here: it takes root's rights.
    pub fn new() -> Result<Self, String> {
        let id = std::process::id();
        let name = format!("numberd{id}");
        ip(&["netns", "add", &name])?;
        let space = Self { name, id };
        space.lay(&space.cable("d"), DATABASE)?;
        space.lay(&space.cable("c"), CALLERS)?;
        Ok(space)
    }

    /// Where the namespace finds the database.
    pub fn database() -> IpAddr {
        DATABASE[0]
    }

    /// Where callers find a node in it.
    pub fn node() -> IpAddr {
        CALLERS[1]
    }

    /// The same command, in here.
    pub fn within(&self, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        inside
            .args(["netns", "exec", &self.name])
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear()
            .envs(
                command
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        inside
    }

    /// Pulls the database's cable out.
    pub fn cut(&self) {
        ip(&["link", "set", &self.cable("d"), "down"]).unwrap();
    }

    /// Plugs it in again.
    pub fn mend(&self) {
        ip(&["link", "set", &self.cable("d"), "up"]).unwrap();
    }

    /// The outer end of a cable; such names have 15 characters at most.
    fn cable(&self, kind: &str) -> String {
        format!("n{kind}{}", self.id)
    }

    fn lay(&self, outer: &str, [near, far]: [IpAddr; 2]) -> Result<(), String> {
        let inner = format!("{outer}i");
        let (name, near, far) = (&self.name, format!("{near}/30"), format!("{far}/30"));
        let peer = ["peer", "name", &inner, "netns", name];
        ip(&[&["link", "add", outer, "type", "veth"], &peer[..]].concat())?;
        ip(&["addr", "add", &near, "dev", outer])?;
        ip(&["link", "set", outer, "up"])?;
        ip(&["-n", name, "addr", "add", &far, "dev", &inner])?;
        ip(&["-n", name, "link", "set", &inner, "up"])
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        for kind in ["d", "c"] {
            // It may not be there.
            let _ = ip(&["link", "del", &self.cable(kind)]);
        }
        let _ = ip(&["netns", "del", &self.name]);
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(arguments).output();
    let output = output.map_err(|error| format!("ip: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let failed = || format!("ip {}: {}", arguments.join(" "), said.trim());
    output.status.success().then_some(()).ok_or_else(failed)
}
