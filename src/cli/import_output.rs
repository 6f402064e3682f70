//! The result of an import.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use super::Failure;

/// Where the result goes. It holds the links' addresses, each of which is the right to start a session: a file is for its
/// owner alone.
pub enum Output {
    Standard,
    File(PathBuf, File),
}

impl Output {
    pub fn open(path: Option<PathBuf>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::Standard);
        };
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match file {
            Ok(file) => Ok(Self::File(path, file)),
            Err(error) => Err(Failure::new(format!("{}: {error}", path.display()))),
        }
    }

    pub fn write(&mut self, part: &[u8]) -> Result<(), Failure> {
        let written = match self {
            Self::Standard => io::stdout().write_all(part),
            Self::File(_, file) => file.write_all(part),
        };
        written.map_err(|error| {
            Failure::new(format!(
                "the links were made, but the result cannot be written: {error}"
            ))
        })
    }

    pub fn end(self) -> Result<(), Failure> {
        match self {
            Self::Standard => io::stdout().flush()?,
            Self::File(_, file) => file.sync_all()?,
        }
        Ok(())
    }

    pub fn remove(self) {
        if let Self::File(path, _) = self {
            // What is left behind is an empty file.
            let _ = std::fs::remove_file(path);
        }
    }
}
