//! Black-box tests over HTTP against the real gateway, each on every engine that is there.
//!
//! `cargo test` runs them on SQLite. With `ENTRYPASS_TEST_POSTGRES` naming a PostgreSQL server (as `tests/run.sh` does)
//! they run there too; without it they are listed as ignored, never as passed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests stop at what they did not expect"
)]

mod clicks;
mod harness;
mod imports;
mod nodes;
mod openapi;
mod store_kit;
mod store_ledger;
mod store_records;
mod store_rule;
mod store_schema;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let trials: Vec<Trial> = [
        clicks::tests(),
        imports::tests(),
        nodes::tests(),
        openapi::tests(),
        store_ledger::tests(),
        store_records::tests(),
        store_rule::tests(),
        store_schema::tests(),
    ]
    .into_iter()
    .flatten()
    .collect();
    harness::explain_what_is_left_out();
    harness::allow_open_files();
    libtest_mimic::run(&arguments, trials).exit();
}
