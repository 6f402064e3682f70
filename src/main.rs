//! The `entrypass` binary.

use std::process::ExitCode;

/// A click makes some hundred small allocations on one thread and frees them on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    entrypass::cli::run()
}
