//! When a message that was not taken is tried again.

use crate::domain::timestamp::{DAY_MS, Timestamp};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// The pauses between attempts, in milliseconds; the last one again and again: 30 s, 2 min, 10 min, 30 min, 1 h, 2 h,
/// 4 h, 8 h.
pub const PAUSES_MS: [i64; 8] = [
    30 * SECOND,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
];

/// The longest pause while the server itself cannot be used: what waits for it goes out soon after it can.
pub const SERVER_PAUSE_MAX_MS: i64 = 5 * MINUTE;

/// After so long it is given up, in milliseconds.
pub const GIVEN_UP_AFTER_MS: i64 = 2 * DAY_MS;

/// Up to so much of a pause is added to it, so that what failed together does not come back together.
const JITTER: f64 = 0.1;

/// When to try again after `attempts` attempts that came before the one that just failed; none: it is given up.
/// `chance` is random, from 0 to 1.
#[must_use]
pub fn next(
    (attempts, is_servers): (i64, bool),
    queued_at: Timestamp,
    now: Timestamp,
    chance: f64,
) -> Option<Timestamp> {
    if now >= queued_at.plus_millis(GIVEN_UP_AFTER_MS) {
        return None;
    }
    let at = usize::try_from(attempts).unwrap_or_default();
    let mut pause = PAUSES_MS[at.min(PAUSES_MS.len() - 1)];
    if is_servers {
        pause = pause.min(SERVER_PAUSE_MAX_MS);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a part of a day in milliseconds"
    )]
    let jitter = (pause as f64 * JITTER * chance) as i64;
    Some(now.plus_millis(pause + jitter))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_after_two_days() {
        let begun = Timestamp::from_millis(1_800_000_000_000);
        let (mut now, mut pauses) = (begun, Vec::new());
        while let Some(at) = next((pauses.len().try_into().unwrap(), false), begun, now, 0.0) {
            pauses.push(at.millis() - now.millis());
            now = at;
        }
        assert!(pauses.is_sorted() && pauses.starts_with(&PAUSES_MS));
        assert!(now.millis() - begun.millis() >= GIVEN_UP_AFTER_MS);
        assert_eq!(
            next((7, true), begun, begun, 0.0),
            Some(begun.plus_millis(SERVER_PAUSE_MAX_MS))
        );
        assert_eq!(
            next((0, false), begun, begun, 1.0),
            Some(begun.plus_millis(33_000))
        );
    }
}
