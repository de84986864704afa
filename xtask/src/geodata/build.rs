//! Makes the embedded file of libphonenumber's data, as its Python port
//! carries it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use places::{Geodata, Source};

use super::python::Literal;

/// Options of `build`.
#[derive(Args)]
pub struct Build {
    /// Folder with the unpacked package, `phonenumbers` in it
    folder: PathBuf,
    /// Day of the package's release, like 2026-11-06
    #[arg(long, value_name = "DATE")]
    released: String,
}

/// Writes the file and its notice.
pub fn run(options: &Build) -> Result<()> {
    let source = read(&options.folder, &options.released)?;
    let bytes = Geodata::write(&source).context("the data doesn't fit into the file's format")?;
    let folder = super::data_folder();
    fs::write(folder.join("geodata.bin"), &bytes)?;
    fs::write(folder.join("NOTICE"), notice(&source))?;
    println!(
        "geodata.bin: {} bytes; libphonenumber {}: {} places, {} carriers, {} time zones, {} countries",
        bytes.len(),
        source.version,
        source.places.len(),
        source.carriers.len(),
        source.time_zones.len(),
        source.countries.len(),
    );
    Ok(())
}

fn read(folder: &Path, released: &str) -> Result<Source> {
    let package = folder.join("phonenumbers");
    if !released.bytes().all(|b| b.is_ascii_digit() || b == b'-') || released.len() != 10 {
        bail!("--released {released}: not a day like 2026-11-06");
    }
    let mut source = Source {
        version: version(&package)?,
        released: released.to_owned(),
        ..Source::default()
    };
    source.places = english(&modules(&package.join("geodata"))?)?;
    source.carriers = english(&modules(&package.join("carrierdata"))?)?;
    for (prefix, zones) in modules(&package.join("tzdata"))? {
        let Literal::Tuple(zones) = zones else {
            bail!("the time zones of {prefix} are no list");
        };
        let zones = zones
            .iter()
            .map(Literal::text)
            .collect::<Result<Vec<_>>>()?;
        source.time_zones.insert(prefix, zones.join(" "));
    }
    let locale = read_text(&package.join("geodata/locale.py"))?;
    for (code, names) in Literal::assigned(&locale, "LOCALE_DATA")? {
        let mut name = names.get("en").map_or(Ok(""), Literal::text)?;
        // "*fr" means: as in French.
        if let Some(other) = name.strip_prefix('*') {
            name = names.get(other).map_or(Ok(""), Literal::text)?;
        }
        if !name.is_empty() {
            source.countries.insert(code, name.to_owned());
        }
    }
    Ok(source)
}

fn version(package: &Path) -> Result<String> {
    let init = read_text(&package.join("__init__.py"))?;
    let line = init.lines().find_map(|l| l.strip_prefix("__version__ = "));
    let version = line.context("the package doesn't say its version")?;
    Ok(version.trim_matches(['\'', '"']).to_owned())
}

/// What all data modules of a folder say together.
fn modules(folder: &Path) -> Result<BTreeMap<String, Literal>> {
    let mut all = BTreeMap::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("data") && name.ends_with(".py") {
            let data = Literal::assigned(&read_text(&path)?, "data");
            all.extend(data.with_context(|| format!("in {}", path.display()))?);
        }
    }
    Ok(all)
}

/// The English names; prefixes without one have none.
fn english(data: &BTreeMap<String, Literal>) -> Result<BTreeMap<String, String>> {
    let named = |(prefix, names): (&String, &Literal)| {
        let name = names.get("en")?;
        Some(name.text().map(|name| (prefix.clone(), name.to_owned())))
    };
    data.iter().filter_map(named).collect()
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))
}

fn notice(source: &Source) -> String {
    format!(
        "geodata.bin is made of data of libphonenumber {} ({}):\n\
         geocoding, carriers and time zones of phone number prefixes, in English,\n\
         as the Python package `phonenumbers` of the same version carries them.\n\
         \n\
         Copyright (C) The Libphonenumber Authors.\n\
         Licensed under the Apache License, Version 2.0; LICENSE-APACHE at the top of\n\
         this repository has its text.\n\
         \n\
         Changed: brought into one sorted table by `cargo xtask geodata build`; names in\n\
         other languages are left out.\n",
        source.version, source.released
    )
}
