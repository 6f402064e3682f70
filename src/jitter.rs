//! Pauses that are never quite the same, so that what failed together does not come back together.

/// Up to so much of a pause is added to it.
const MOST: f64 = 0.1;

/// A pause in milliseconds with its jitter. `chance` is random, from 0 to 1.
#[must_use]
pub fn jittered(pause_ms: i64, chance: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a part of a day in milliseconds"
    )]
    let jitter = (pause_ms as f64 * MOST * chance) as i64;
    pause_ms + jitter
}

/// A random number from 0 to 1.
///
/// # Panics
/// Never: the operating system gives random bytes.
#[must_use]
pub fn chance() -> f64 {
    let mut random = [0; 4];
    getrandom::fill(&mut random).expect("the operating system gives random bytes");
    f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX)
}
