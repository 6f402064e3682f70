//! Results out: what is told of an event, to whom and how.

pub mod courier;
pub mod feed;
pub mod outbound;
pub mod payload;
pub mod publisher;
pub mod schedule;
pub mod signature;
pub mod target;
