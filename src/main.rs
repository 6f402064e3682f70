//! The `entrypass` binary.

use std::process::ExitCode;

/// A click makes and frees several pieces of some KiB, which this allocator keeps for the thread at hand.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    entrypass::cli::run()
}
