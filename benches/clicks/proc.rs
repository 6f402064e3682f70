//! Processes under measurement: started with the preloaded shim, read through /proc, ended with their handle.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Outcome;

/// Linux tells CPU time in hundredths of a second on every machine it runs on (`USER_HZ`).
const MICROS_PER_TICK: u64 = 10_000;

/// A thousand connections on both sides of a gateway need more files than many a shell allows.
const RAISE_OPEN_FILES: &str = r#"ulimit -n "$(ulimit -Hn)" && exec "$@""#;

/// `benches/slowsync.c`, compiled: counts syncs, and slows them down when asked.
pub struct Shim {
    library: PathBuf,
    delay_ms: u64,
}

impl Shim {
    /// Compiles the shim into `folder`.
    pub async fn compile(folder: &Path, delay_ms: u64) -> Outcome<Self> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/slowsync.c");
        let library = folder.join("slowsync.so");
        let arguments = ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o"];
        let status = Command::new("cc")
            .args(arguments)
            .arg(&library)
            .arg(source)
            .status()
            .await;
        match status {
            Ok(status) if status.success() => Ok(Self { library, delay_ms }),
            Ok(status) => Err(format!("cc could not compile benches/slowsync.c: {status}").into()),
            Err(error) => {
                Err(format!("cc is needed (apt-get install gcc libc6-dev): {error}").into())
            }
        }
    }
}

/// A command that may open as many files as the hard limit allows, and dies with its handle.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", RAISE_OPEN_FILES, "sh"]).arg(program);
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// One running server; dropping it ends it.
pub struct Process {
    child: Child,
    pid: u32,
    counter: Option<PathBuf>,
}

impl Process {
    /// Starts `command`, its syncs counted in `counter` when a shim is given.
    pub fn start(mut command: Command, shim: Option<(&Shim, PathBuf)>) -> Outcome<Self> {
        let mut counter = None;
        if let Some((shim, file)) = shim {
            fs::write(&file, 0_u64.to_ne_bytes())?;
            command.env("LD_PRELOAD", &shim.library);
            command
                .env("SLOWSYNC_COUNT", &file)
                .env("SLOWSYNC_MS", shim.delay_ms.to_string());
            counter = Some(file);
        }
        let child = command.spawn()?;
        let pid = child.id().ok_or("a process ended before it began")?;
        Ok(Self {
            child,
            pid,
            counter,
        })
    }

    /// The first line of a piped standard output: where a role of this program listens.
    pub async fn first_line(&mut self) -> Outcome<String> {
        let output = self
            .child
            .stdout
            .take()
            .ok_or("standard output is not piped")?;
        let line = BufReader::new(output).lines().next_line().await?;
        line.ok_or_else(|| "a helper process ended before it listened".into())
    }

    /// An error once the process has ended.
    pub fn check_alive(&mut self) -> Outcome<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("the server ended by itself: {status}").into()),
        }
    }

    /// Ends the process and waits until it is gone.
    pub async fn end(mut self) -> Outcome<()> {
        Ok(self.child.kill().await?)
    }

    /// CPU time of all threads so far, user and system.
    pub fn cpu(&self) -> Outcome<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The second field is the program's name and may hold anything; user and system time are the 14th and 15th.
        let after_name = stat.rsplit_once(')').ok_or("/proc/…/stat has no name")?.1;
        let ticks = after_name
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse::<u64>);
        let ticks = ticks.sum::<Result<u64, _>>()?;
        Ok(Duration::from_micros(ticks * MICROS_PER_TICK))
    }

    /// Resident memory now, in KiB.
    pub fn resident_kib(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|rest| rest.split_whitespace().next());
        Ok(number.ok_or("/proc/…/status has no VmRSS")?.parse()?)
    }

    /// Calls of fsync and fdatasync so far; none where they are not counted.
    pub fn syncs(&self) -> Outcome<Option<u64>> {
        let Some(file) = &self.counter else {
            return Ok(None);
        };
        let bytes = fs::read(file)?
            .try_into()
            .map_err(|_| "the sync counter is not 8 bytes")?;
        Ok(Some(u64::from_ne_bytes(bytes)))
    }
}
