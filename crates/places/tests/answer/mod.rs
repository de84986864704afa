//! One line for what a text means: the number, whether it is valid, its
//! country and its kind; `-` for what is no number. The port's line for the
//! same is written by `xtask/src/geodata/port.py`.

/// The line of one entry of the corpus: country, tab, text.
pub fn answer(entry: &str) -> String {
    let (country, text) = entry.split_once('\t').unwrap_or_default();
    let number = places::parse(text, country);
    let Some((number, about)) =
        number.and_then(|n| Some((places::about(&n)?, n)).map(|(a, n)| (n, a)))
    else {
        return "-".to_owned();
    };
    let valid = if about.valid { "valid" } else { "invalid" };
    let country = about.country.as_deref().unwrap_or("-");
    format!("{number} {valid} {country} {}", about.kind)
}
