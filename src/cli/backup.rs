//! `entrypass backup`

use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Context, Failure};

/// What the name of an unfinished copy is made of.
const LETTERS: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
];

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to write the copy; must not exist
    file: PathBuf,
}

pub async fn run(context: Context, args: &Args) -> Result<(), Failure> {
    if args.file.exists() {
        return Err(Failure::new(format!(
            "{}: is there already",
            args.file.display()
        )));
    }
    // Under its own name only once it is whole; until then under one that no other run takes.
    let mut partial = args.file.clone().into_os_string();
    partial.push(format!(".{}.partial", nanoid::nanoid!(10, &LETTERS)));
    let partial = PathBuf::from(partial);
    let text = partial
        .to_str()
        .ok_or_else(|| Failure::new("FILE: must be text"))?;
    let copy = context.store.backup(text);
    let copied = watch(copy, &partial).await;
    context.store.close().await;
    if let Err(error) = copied {
        // What is there of it is of no use; that it cannot be removed changes nothing.
        let _ = std::fs::remove_file(&partial);
        return Err(error.into());
    }
    std::fs::rename(&partial, &args.file)?;
    println!(
        "{} ({} bytes)",
        args.file.display(),
        std::fs::metadata(&args.file)?.len()
    );
    Ok(())
}

/// Waits for the copy; on a terminal, tells every second how far it is.
async fn watch<T>(copy: impl Future<Output = T>, file: &Path) -> T {
    let mut copy = std::pin::pin!(copy);
    loop {
        match tokio::time::timeout(Duration::from_secs(1), &mut copy).await {
            Ok(done) => return done,
            Err(_) if std::io::stderr().is_terminal() => {
                let bytes = std::fs::metadata(file).map_or(0, |meta| meta.len());
                eprint!("\r{} MB written", bytes / 1_000_000);
                let _ = std::io::stderr().flush();
            }
            Err(_) => {}
        }
    }
}
