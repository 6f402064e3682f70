//! When a message that was not taken is tried again.

use crate::domain::timestamp::{DAY_MS, Timestamp};
use crate::jitter::jittered;

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

/// The same where the message is not at fault but its channel: a weekend and more may pass until somebody mends it, and
/// what is older than that would come as a surprise.
pub const GIVEN_UP_WITH_CHANNEL_AFTER_MS: i64 = 14 * DAY_MS;

/// The pauses of a channel whose server or account takes nothing, in milliseconds; the last one again and again: 10 s,
/// 30 s, 1 min, 2 min, 5 min. After each one message finds out.
pub const CHANNEL_PAUSES_MS: [i64; 5] = [
    10 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    SERVER_PAUSE_MAX_MS,
];

/// When to try again after `attempts` attempts that came before the one that just failed; none: it is given up.
/// `chance` is random, from 0 to 1.
#[must_use]
pub fn next(
    (attempts, is_servers): (i64, bool),
    queued_at: Timestamp,
    now: Timestamp,
    chance: f64,
) -> Option<Timestamp> {
    let given_up = if is_servers {
        GIVEN_UP_WITH_CHANNEL_AFTER_MS
    } else {
        GIVEN_UP_AFTER_MS
    };
    if now >= queued_at.plus_millis(given_up) {
        return None;
    }
    let at = usize::try_from(attempts).unwrap_or_default();
    let mut pause = PAUSES_MS[at.min(PAUSES_MS.len() - 1)];
    if is_servers {
        pause = pause.min(SERVER_PAUSE_MAX_MS);
    }
    Some(now.plus_millis(jittered(pause, chance)))
}

/// When a channel is tried again that had `pauses` pauses before.
#[must_use]
pub fn channel_until(pauses: i64, now: Timestamp) -> Timestamp {
    let at = usize::try_from(pauses).unwrap_or_default();
    now.plus_millis(CHANNEL_PAUSES_MS[at.min(CHANNEL_PAUSES_MS.len() - 1)])
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
        let later = begun.plus_millis(GIVEN_UP_AFTER_MS);
        assert_eq!(next((7, false), begun, later, 0.0), None);
        assert!(next((7, true), begun, later, 0.0).is_some());
        let pauses = [0, 1, 9].map(|pauses| channel_until(pauses, begun).millis());
        assert_eq!(
            pauses.map(|at| at - begun.millis()),
            [10_000, 30_000, 300_000]
        );
        assert_eq!(
            next((0, false), begun, begun, 1.0),
            Some(begun.plus_millis(33_000))
        );
    }
}
