//! Results out: what is told of an event, to whom and how.

pub mod feed;
pub mod payload;
pub mod publisher;
