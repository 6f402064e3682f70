//! The `entrypass` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    entrypass::cli::run()
}
