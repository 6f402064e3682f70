//! The words of the product as types: pure, no I/O, no async, nothing of the crate imported.
//!
//! What enters the program becomes one of these once, at the edge, and is trusted from there on.

pub mod audit;
pub mod channel;
pub mod contact;
pub mod country;
pub mod day;
pub mod event;
pub mod field_error;
pub mod flow;
pub mod id;
pub mod invitation;
pub mod link;
pub mod locale;
pub mod message;
pub mod message_words;
pub mod password;
pub mod person;
pub mod preset;
pub mod scope;
pub mod secret;
pub mod segments;
pub mod session;
pub mod signed;
pub mod slug;
pub mod timestamp;
pub mod token_options;
pub mod usage;
pub mod verdict;
