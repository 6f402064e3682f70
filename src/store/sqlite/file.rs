//! The files of a SQLite database.

use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::store::StoreError;

/// Whether the file is there.
pub(super) fn check(file: &Path) -> Result<(), StoreError> {
    if file.exists() {
        Ok(())
    } else {
        Err(StoreError::Missing(file.display().to_string()))
    }
}

/// Makes the file, and its folder, if they are not there: for our eyes only, as secrets and addresses of visitors are kept
/// there. SQLite gives the files beside it the same mode.
pub(super) fn make(file: &Path) -> Result<(), StoreError> {
    let made = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            let mut folders = DirBuilder::new();
            folders.recursive(true).mode(0o700).create(folder)
        }
        _ => Ok(()),
    };
    match made.and_then(|()| new(file)) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(StoreError::Address(
            format!("database.url: {}: {error}", file.display()),
        )),
        _ => Ok(()),
    }
}

/// Makes a file that must not exist.
pub(super) fn new(file: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(file).map(|_| ())
}
