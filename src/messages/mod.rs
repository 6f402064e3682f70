//! Links on their way to people: words, letters, and what sends them.

pub mod bounce;
pub mod dispatch;
pub mod letter;
pub mod mail;
pub mod outbox;
pub mod reasons;
pub mod resting;
pub mod schedule;
pub mod smtp;
pub mod twilio;
pub mod unsubscribing;
pub mod words;
