//! When a delivery that failed is tried again.

use chrono::{DateTime, Utc};

use crate::domain::timestamp::Timestamp;
use crate::jitter::jittered;

/// The pauses between attempts, in milliseconds: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
pub const PAUSES_MS: [i64; 9] = [
    5 * SECOND,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
];

/// The longest that an endpoint may ask for, in milliseconds.
const ASKED_MAX_MS: i64 = 24 * HOUR;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// When to try again after `pauses` pauses of the schedule; none: it is used up. `chance` is random, from 0 to 1.
#[must_use]
pub fn next(pauses: i64, now: Timestamp, chance: f64) -> Option<Timestamp> {
    let pause = *PAUSES_MS.get(usize::try_from(pauses).ok()?)?;
    Some(now.plus_millis(jittered(pause, chance)))
}

/// The time that a `Retry-After` names, in seconds or as a date; a day ahead at most.
#[must_use]
pub fn asked_for(retry_after: &str, now: Timestamp) -> Option<Timestamp> {
    let text = retry_after.trim();
    let at = if let Ok(seconds) = text.parse::<u32>() {
        now.plus_millis(i64::from(seconds) * SECOND)
    } else {
        let date = DateTime::parse_from_rfc2822(text).ok()?;
        Timestamp::from_millis(date.with_timezone(&Utc).timestamp_millis())
    };
    (at > now).then(|| at.min(now.plus_millis(ASKED_MAX_MS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn pauses_grow_and_end_after_more_than_a_day() {
        let pauses: Vec<i64> = (0..)
            .map_while(|n| next(n, NOW, 0.0))
            .map(|at| at.millis() - NOW.millis())
            .collect();
        assert_eq!(pauses, PAUSES_MS);
        assert!(pauses.is_sorted());
        assert!(pauses.iter().sum::<i64>() > 24 * HOUR);
        assert_eq!(next(0, NOW, 1.0), Some(NOW.plus_millis(5500)));
        assert_eq!(next(-1, NOW, 0.0), None);
    }

    #[test]
    fn an_endpoint_may_ask_for_a_pause_in_seconds_or_by_date() {
        let at = |ms| Some(NOW.plus_millis(ms));
        for (text, wanted) in [
            ("7", at(7000)),
            (" 120 ", at(120_000)),
            ("Fri, 15 Jan 2027 08:00:30 GMT", at(30_000)),
            ("999999", at(ASKED_MAX_MS)),
            ("4294967295", at(ASKED_MAX_MS)),
            ("Fri, 15 Jan 2077 08:00:30 GMT", at(ASKED_MAX_MS)),
            ("Fri, 15 Jan 2027 07:00:30 GMT", None),
            ("0", None),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(asked_for(text, NOW), wanted, "{text}");
        }
    }
}
