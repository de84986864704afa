//! The plot: a panel for each thing that is measured, how many numbers there are
//! from left to right on a logarithmic axis, what it takes upwards.

use std::fmt::Write as _;

use super::{Series, WHATS};
use crate::bench::report::grouped;
use crate::bench::stats::count;

const COLUMNS: usize = 3;
/// A panel, and what of it is around the axes.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 18.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 30.0;
/// Above all panels: which colour is which engine.
const LEGEND: f64 = 34.0;
/// Told apart also by who sees few colours; the second is dashed besides.
const COLOURS: [&str; 4] = ["#1f5fa8", "#c2571a", "#3b7a3b", "#6b4c9a"];
const DASHES: [&str; 4] = ["none", "6 3", "2 3", "8 3 2 3"];

/// The picture.
pub fn svg(all: &[Series]) -> String {
    let rows = WHATS.len().div_ceil(COLUMNS);
    let (width, height) = (WIDTH * count(COLUMNS), LEGEND + HEIGHT * count(rows));
    let mut text = String::new();
    // Writing into a string can't fail.
    let _ = writeln!(
        text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\" fill=\"#333\">\n\
         <title>What each thing takes, by how many numbers there are</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>"
    );
    for (index, series) in all.iter().enumerate() {
        let (x, y) = (LEFT + 190.0 * count(index), 20.0);
        let _ = line(&mut text, index, &[(x, y), (x + 28.0, y)]);
        let (x, y) = (x + 36.0, y + 4.0);
        let _ = writeln!(text, "<text x=\"{x}\" y=\"{y}\">{}</text>", series.engine);
    }
    for (what, name) in WHATS.iter().enumerate() {
        let x = WIDTH * count(what % COLUMNS);
        let y = LEGEND + HEIGHT * count(what / COLUMNS);
        let _ = panel(&mut text, all, what, name, (x, y));
    }
    text.push_str("</svg>\n");
    text
}

fn panel(
    text: &mut String,
    all: &[Series],
    what: usize,
    name: &str,
    (x, y): (f64, f64),
) -> std::fmt::Result {
    let samples = || all.iter().flat_map(|series| &series.samples);
    let size = |numbers: u64| usize::try_from(numbers).map_or(f64::NAN, count).log10();
    let first = samples()
        .map(|one| size(one.numbers))
        .fold(f64::MAX, f64::min);
    let last = samples()
        .map(|one| size(one.numbers))
        .fold(first + 0.1, f64::max);
    let most = samples().map(|one| one.values[what]).fold(0.0, f64::max);
    let step = nice(most / 3.0);
    let top = step * (most / step).ceil();
    let (left, right) = (x + LEFT, x + WIDTH - RIGHT);
    let (upper, lower) = (y + TOP, y + HEIGHT - BOTTOM);
    let across = |numbers| left + (size(numbers) - first) / (last - first) * (right - left);
    let up = |value: f64| lower - value / top * (lower - upper);
    writeln!(
        text,
        "<text x=\"{left}\" y=\"{}\" font-weight=\"bold\">{name}</text>",
        y + 20.0
    )?;
    let mut value = 0.0;
    while value <= top * 1.001 {
        let at = up(value);
        writeln!(
            text,
            "<line x1=\"{left}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#666\">{}</text>",
            left - 6.0,
            at + 4.0,
            label(value)
        )?;
        value += step;
    }
    let mut sizes: Vec<u64> = samples().map(|one| one.numbers).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for numbers in sizes {
        let at = across(numbers);
        writeln!(
            text,
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{lower}\" y2=\"{}\" stroke=\"#999\"/>\
             <text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#666\">{}</text>",
            lower + 4.0,
            lower + 16.0,
            grouped(numbers)
        )?;
    }
    for (index, series) in all.iter().enumerate() {
        let points = series.samples.iter();
        let points: Vec<(f64, f64)> = points
            .map(|one| (across(one.numbers), up(one.values[what])))
            .collect();
        line(text, index, &points)?;
    }
    Ok(())
}

/// A line with a dot at each of its points.
fn line(text: &mut String, index: usize, points: &[(f64, f64)]) -> std::fmt::Result {
    let (colour, dash) = (COLOURS[index % 4], DASHES[index % 4]);
    let joined: Vec<String> = points
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    writeln!(
        text,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" \
         stroke-dasharray=\"{dash}\"/>",
        joined.join(" ")
    )?;
    for (x, y) in points {
        writeln!(
            text,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
        )?;
    }
    Ok(())
}

/// One, two or five times a power of ten, not below a value.
fn nice(value: f64) -> f64 {
    let power = 10_f64.powf(value.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps
        .into_iter()
        .find(|step| *step >= value)
        .unwrap_or(10.0 * power)
}

fn label(value: f64) -> String {
    let digits = format!("{value:.0}");
    match digits.parse() {
        Ok(whole) if (value - value.round()).abs() < 1e-6 => grouped(whole),
        _ => format!("{value:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::growth::Sample;

    #[test]
    fn every_point_is_in_the_picture() {
        let samples = [10_000, 100_000].map(|numbers| Sample {
            numbers,
            values: [40.0; WHATS.len()],
        });
        let series = Series {
            engine: "SQLite".to_owned(),
            samples: samples.into(),
            left_out: Vec::new(),
        };
        let svg = svg(&[series]);
        assert_eq!(svg.matches("<circle").count(), 2 + 2 * WHATS.len());
        assert!(svg.contains("100,000") && !svg.contains("NaN"), "{svg}");
    }
}
