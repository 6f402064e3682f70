//! The load: wrk, and what it says, believed only when every answer was good.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio::time::MissedTickBehavior;

use crate::Outcome;
use crate::proc::{self, Process};
use crate::report::float;
use crate::target::SLUG;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/clicks/load.lua");

/// What to throw at a target.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Connections kept open, each with one click in flight.
    pub connections: u32,
    /// Links to choose from at random; 0: the one link.
    pub links: u32,
}

/// What one run measured.
#[derive(Debug, Clone, Serialize)]
pub struct Sample {
    /// Clicks answered.
    pub clicks: u64,
    /// Clicks answered a second.
    pub clicks_per_second: f64,
    /// Median latency in milliseconds.
    pub p50_ms: f64,
    /// 99th percentile of the latency in milliseconds.
    pub p99_ms: f64,
    /// CPU time of the server a click, in microseconds.
    pub cpu_us_per_click: f64,
    /// Clicks that shared one sync; none where syncs are not counted or there were none.
    pub clicks_per_sync: Option<f64>,
    /// The largest resident memory seen during the run, in MiB.
    pub resident_mib: f64,
}

/// The line that load.lua prints.
#[derive(Deserialize)]
struct Said {
    requests: u64,
    micros: u64,
    p50: u64,
    p99: u64,
    connect: u64,
    read: u64,
    write: u64,
    status: u64,
    timeout: u64,
}

/// wrk's name and version; an error that tells how to install it when it is missing.
pub async fn wrk_version() -> Outcome<String> {
    let output = Command::new("wrk")
        .arg("-v")
        .output()
        .await
        .map_err(|error| {
            format!(
                "the load generator `wrk` cannot be run ({error}). Install it: apt-get install wrk"
            )
        })?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text
        .lines()
        .next()
        .unwrap_or_default()
        .split(" [")
        .next()
        .unwrap_or_default()
        .to_owned())
}

/// Throws `load` at `base` for `seconds` and measures `server` meanwhile.
pub async fn run(server: &mut Process, base: &str, load: Load, seconds: u64) -> Outcome<Sample> {
    let mut wrk = proc::command("wrk");
    wrk.args([
        "--threads",
        "2",
        "--latency",
        "--timeout",
        "30s",
        "--script",
        SCRIPT,
    ]);
    wrk.args(["--connections", &load.connections.to_string()]);
    wrk.args([
        "--duration",
        &format!("{seconds}s"),
        base,
        "--",
        SLUG,
        &load.links.to_string(),
    ]);

    let (cpu, syncs) = (server.cpu()?, server.syncs()?);
    let mut resident = server.resident_kib()?;
    let mut output = std::pin::pin!(wrk.output());
    let mut glance = tokio::time::interval(Duration::from_millis(200));
    glance.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let output = loop {
        tokio::select! {
            output = &mut output => break output?,
            _ = glance.tick() => {
                server.check_alive()?;
                resident = resident.max(server.resident_kib()?);
            }
        }
    };
    let (cpu, synced) = (server.cpu()?.saturating_sub(cpu), server.syncs()?);

    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("RESULT "));
    let Some(line) = line else {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("wrk did not finish ({}): {text}{errors}", output.status).into());
    };
    let said: Said = serde_json::from_str(line)?;
    if said.status + said.connect + said.read + said.write + said.timeout > 0 {
        return Err(format!(
            "a run with bad answers or broken connections counts for nothing: {line}"
        )
        .into());
    }
    if said.requests == 0 {
        return Err("not one click was answered".into());
    }
    let clicks = float(said.requests);
    let syncs = syncs
        .zip(synced)
        .map(|(before, after)| after - before)
        .filter(|syncs| *syncs > 0);
    Ok(Sample {
        clicks: said.requests,
        clicks_per_second: clicks / (float(said.micros) / 1e6),
        p50_ms: float(said.p50) / 1e3,
        p99_ms: float(said.p99) / 1e3,
        cpu_us_per_click: cpu.as_secs_f64() * 1e6 / clicks,
        clicks_per_sync: syncs.map(|syncs| clicks / float(syncs)),
        resident_mib: float(resident) / 1024.0,
    })
}
