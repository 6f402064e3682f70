//! The command line, as the real binary does it.
use crate::harness::tests;
tests!("cli", []);
