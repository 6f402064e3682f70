//! iDenfy: starting sessions there, and reading what it tells us about them.
//!
//! Strict in what is sent, tolerant in what is accepted. Nothing that iDenfy writes is passed on to
//! a page or a log as it came.

pub mod callback;
mod client;
mod direct;
mod error;
pub mod health;
mod lookup;
mod mint;
mod redirect;
#[cfg(test)]
mod tests;
mod wire;

pub use client::{Client, ClientError, Permit};
pub use error::MintError;
pub use lookup::LookupError;
pub use mint::{MintRequest, Minted};

/// The longest reference, customer or tag of iDenfy's that is believed, in bytes: iDenfy promises at
/// most 100 for its longest.
const NAME_MAX: usize = 255;

/// `text` when it can be kept as a name: not empty, not longer than `max` bytes, no control characters.
fn name(text: &str, max: usize) -> Option<&str> {
    let text = text.trim();
    let fits = (1..=max).contains(&text.len()) && !text.chars().any(char::is_control);
    fits.then_some(text)
}
