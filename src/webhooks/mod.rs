//! Results out: what is told of an event, to whom and how.

pub mod payload;
