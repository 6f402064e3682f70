//! UTC days, by which statistics are told.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Serialize, Serializer};

use super::timestamp::{DAY_MS, Timestamp};

/// A UTC day, counted from the epoch. Written as `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

impl Day {
    /// By its number, counted from the epoch.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Its number, counted from the epoch.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Where it begins.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_mul(DAY_MS))
    }

    /// The day so many days later.
    #[must_use]
    pub const fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Reads a day that exists, as `YYYY-MM-DD`.
    ///
    /// # Errors
    /// A message for the sender.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.parse::<NaiveDate>()
            .ok()
            // Written out again it excludes what the parser lets pass, such as ` 2000-1-1`.
            .filter(|date| date.to_string() == text && text.len() == "YYYY-MM-DD".len())
            .and_then(|date| date.and_hms_opt(0, 0, 0))
            .map(|start| Self(start.and_utc().timestamp_millis().div_euclid(DAY_MS)))
            .ok_or_else(|| "must be a date that exists, as YYYY-MM-DD".to_owned())
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start = DateTime::<Utc>::from_timestamp_millis(self.start().millis());
        start
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
            .date_naive()
            .fmt(f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_and_written_and_begins_at_midnight_in_utc() {
        for text in [
            "1970-01-01",
            "1969-12-31",
            "2028-02-29",
            "9999-12-31",
            "0001-01-01",
        ] {
            let day = Day::parse(text).unwrap();
            assert_eq!(day.to_string(), text);
            assert_eq!(day.start().day(), day.number());
            assert_eq!(day.plus(1).plus(-1), day);
        }
        assert_eq!(Day::parse("1970-01-02"), Ok(Day::new(1)));
        for bad in [
            "",
            "2027-02-29",
            "2027-1-1",
            " 2027-01-01",
            "+12027-01-01",
            "2027-01-01T00:00:00Z",
            "today",
        ] {
            assert!(Day::parse(bad).is_err(), "{bad}");
        }
    }
}
