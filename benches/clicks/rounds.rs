//! Rounds: every entrant takes its turn in each, so that they can be compared within one.

use std::io::Write;
use std::time::Instant;

use crate::load::Load;
use crate::report::{Figure, Row};
use crate::target::Target;
use crate::{Bench, Outcome};

/// A target, the load it gets, and the name of the row.
pub struct Entrant {
    /// The row's name.
    pub row: String,
    /// Which of the targets.
    pub target: usize,
    /// Its load.
    pub load: Load,
}

/// Runs every entrant once a round, each round beginning with another one, so that whatever else the machine
/// does hits all alike; the flush time of the disk is told with it.
pub async fn rounds(
    bench: &Bench,
    targets: &mut [Target],
    entrants: &[Entrant],
) -> Outcome<(Vec<Row>, Figure)> {
    let mut rows: Vec<Row> = entrants
        .iter()
        .map(|entrant| Row {
            name: entrant.row.clone(),
            rounds: vec![],
        })
        .collect();
    let mut flushes = Vec::new();
    for round in 0..usize::from(bench.settings.rounds) {
        flushes.push(flush_ms(bench)?);
        for turn in 0..entrants.len() {
            let index = (round + turn) % entrants.len();
            let Entrant { row, target, load } = &entrants[index];
            let sample = targets[*target].measure(bench, *load).await?;
            eprintln!(
                "  round {}: {row}: {:.0} clicks/s",
                round + 1,
                sample.clicks_per_second
            );
            rows[index].rounds.push(sample);
        }
    }
    Ok((rows, Figure::new("one flush of this disk, ms", flushes)))
}

/// One entrant a target, under the target's name, all under the same load.
pub fn all(targets: &[Target], load: Load) -> Vec<Entrant> {
    let entrant = |(target, it): (usize, &Target)| Entrant {
        row: it.name.clone(),
        target,
        load,
    };
    targets.iter().enumerate().map(entrant).collect()
}

/// Ends them all.
pub async fn end(targets: Vec<Target>) -> Outcome<()> {
    for target in targets {
        target.end().await?;
    }
    Ok(())
}

/// The median of a few flushes of one page in the data folder, in milliseconds.
pub fn flush_ms(bench: &Bench) -> Outcome<f64> {
    let mut file = tempfile::tempfile_in(&bench.folder)?;
    let mut times = Vec::new();
    for _ in 0..21 {
        file.write_all(&[7; 4096])?;
        let begun = Instant::now();
        file.sync_data()?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok(Figure::new("", times).median)
}
