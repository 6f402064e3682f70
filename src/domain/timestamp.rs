//! Points in time.

use chrono::{DateTime, Datelike as _, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

/// A point in time in milliseconds since the Unix epoch, UTC. Written as RFC 3339 in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct Timestamp(i64);

/// Milliseconds in a day; days in statistics are UTC days.
pub const DAY_MS: i64 = 86_400_000;

impl Timestamp {
    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The number of the UTC day it falls on, counted from the epoch.
    #[must_use]
    pub const fn day(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }

    /// The time `ms` milliseconds later.
    #[must_use]
    pub const fn plus_millis(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Where the text of an id made at this time begins: what was made before it sorts before.
    #[must_use]
    pub fn id_prefix(self) -> String {
        let ms = self.0.max(0);
        format!("{:08x}-{:04x}", ms >> 16, ms & 0xffff)
    }

    /// Reads an RFC 3339 time with any offset, to the millisecond.
    ///
    /// # Errors
    /// A message for the sender when it is no such time, or cannot be written in UTC with a year of four digits.
    pub fn parse(text: &str) -> Result<Self, String> {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .filter(|at| (0..=9999).contains(&at.to_utc().year()))
            .map(|at| Self(at.timestamp_millis()))
            .ok_or_else(|| "must be an RFC 3339 time such as 2027-03-01T00:00:00Z".to_owned())
    }

    /// RFC 3339 in UTC; milliseconds are written only where there are any.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        DateTime::<Utc>::from_timestamp_millis(self.0)
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
            .to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_around_the_time_they_were_made_at() {
        let at = Timestamp::from_millis(1_800_000_123_456);
        let made = |ms| uuid::Builder::from_unix_timestamp_millis(ms, &[0; 10]).into_uuid();
        assert!(made(1_800_000_123_455).to_string() < at.id_prefix());
        assert!(made(1_800_000_123_456).to_string() > at.id_prefix());
        assert_eq!(Timestamp::from_millis(-1).id_prefix(), "00000000-0000");
    }

    #[test]
    fn a_time_is_read_with_any_offset_and_written_in_utc() {
        for (given, written) in [
            ("2027-03-01T00:00:00Z", "2027-03-01T00:00:00Z"),
            ("2027-03-01T02:00:00+02:00", "2027-03-01T00:00:00Z"),
            ("2027-03-01T00:00:00.1239Z", "2027-03-01T00:00:00.123Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"),
        ] {
            assert_eq!(
                Timestamp::parse(given).map(Timestamp::to_rfc3339),
                Ok(written.to_owned())
            );
        }
        for bad in [
            "",
            "2027-03-01",
            "2027-03-01T00:00:00",
            "tomorrow",
            "2027-13-01T00:00:00Z",
            "9999-12-31T23:59:59-23:59",
            "0000-01-01T00:00:00+23:59",
        ] {
            assert!(Timestamp::parse(bad).is_err(), "{bad}");
        }
    }
}
