//! Figures: their spread over the rounds, a table for people and a JSON file for programs.

use std::path::{Path, PathBuf};

use entrypass::clock::Clock;
use serde::Serialize;
use serde_json::{Value, json};

use crate::load::Sample;
use crate::{Bench, Outcome};

/// A count as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn float(count: u64) -> f64 {
    count as f64
}

/// One figure of every round, and their spread.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What it is, with its unit.
    pub name: String,
    /// The smallest of the rounds.
    pub min: f64,
    /// The middle one.
    pub median: f64,
    /// The largest.
    pub max: f64,
    /// In the order of the rounds.
    pub rounds: Vec<f64>,
}

impl Figure {
    /// The spread of `rounds`, which must not be empty.
    pub fn new(name: impl Into<String>, rounds: Vec<f64>) -> Self {
        let mut sorted = rounds.clone();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
        Self {
            name: name.into(),
            min,
            median: f64::midpoint(low, high),
            max,
            rounds,
        }
    }
}

/// One target's rounds.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The target.
    pub name: String,
    /// A sample a round.
    pub rounds: Vec<Sample>,
}

impl Row {
    /// One value of every round.
    pub fn each(&self, value: impl Fn(&Sample) -> f64) -> Vec<f64> {
        self.rounds.iter().map(value).collect()
    }
}

/// What one scenario found.
#[derive(Debug, Serialize)]
pub struct Findings {
    /// The scenario.
    pub scenario: &'static str,
    /// What was done, in a line.
    pub about: String,
    /// What was measured, a target a row.
    pub rows: Vec<Row>,
    /// What follows from it: ratios and differences within each round.
    pub figures: Vec<Figure>,
}

impl Findings {
    /// Adds clicks a second of one row over another's, round by round.
    pub fn ratio(&mut self, of: &str, over: &str) {
        let rate = |name: &str| {
            let row = self.rows.iter().find(|row| row.name == name);
            row.map_or_else(Vec::new, |row| row.each(|sample| sample.clicks_per_second))
        };
        let ratios: Vec<_> = rate(of)
            .iter()
            .zip(rate(over))
            .map(|(a, b)| a / b)
            .collect();
        if !ratios.is_empty() {
            self.figures
                .push(Figure::new(format!("clicks/s, {of} over {over}"), ratios));
        }
    }

    /// Prints the table.
    pub fn print(&self) {
        println!("\n{}: {}", self.scenario, self.about);
        if !self.rows.is_empty() {
            println!(
                "  {:<18} {:>9} {:>19} {:>9} {:>9} {:>9} {:>11} {:>9}",
                "",
                "clicks/s",
                "(min to max)",
                "p50 ms",
                "p99 ms",
                "CPU µs",
                "clicks/sync",
                "RSS MiB"
            );
        }
        for row in &self.rows {
            let spread = |value: fn(&Sample) -> f64| Figure::new("", row.each(value));
            let rate = spread(|sample| sample.clicks_per_second);
            let middle = |value| spread(value).median;
            let syncs: Vec<_> = row
                .rounds
                .iter()
                .filter_map(|s| s.clicks_per_sync)
                .collect();
            let syncs = if syncs.is_empty() {
                "-".to_owned()
            } else {
                format!("{:.1}", Figure::new("", syncs).median)
            };
            println!(
                "  {:<18} {:>9.0} {:>19} {:>9.2} {:>9.2} {:>9.1} {:>11} {:>9.1}",
                row.name,
                rate.median,
                format!("({:.0} to {:.0})", rate.min, rate.max),
                middle(|sample| sample.p50_ms),
                middle(|sample| sample.p99_ms),
                middle(|sample| sample.cpu_us_per_click),
                syncs,
                middle(|sample| sample.resident_mib),
            );
        }
        for Figure {
            name,
            min,
            median,
            max,
            ..
        } in &self.figures
        {
            println!("  {name:<50} {median:>10.3}   ({min:.3} to {max:.3})");
        }
    }
}

/// Writes all findings, and the machine they were made on, to a file of its own; tells where.
pub fn write(bench: &Bench, wrk: &str, findings: &[Findings]) -> Outcome<PathBuf> {
    let at = Clock::system().now().millis();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-results");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join(format!("clicks-{at}.json"));
    let whole = json!({
        "at_ms": at,
        "entrypass": env!("CARGO_PKG_VERSION"),
        "machine": machine(wrk),
        "settings": bench.settings,
        "scenarios": findings,
    });
    std::fs::write(&file, serde_json::to_vec_pretty(&whole)?)?;
    Ok(file)
}

/// What figures depend on beside the code.
pub fn machine(wrk: &str) -> Value {
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    json!({
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "processor": model.map_or("", |(_, name)| name),
        "kernel": kernel.trim(),
        "wrk": wrk,
    })
}
