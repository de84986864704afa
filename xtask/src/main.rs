//! The project's own commands: `cargo xtask check`.

mod layout;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("check") => layout::check(),
        Some(other) => bail!("'{other}' is not a command; commands are: check"),
        None => bail!("which command? commands are: check"),
    }
}
