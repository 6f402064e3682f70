//! Times as a person reads them: relative, the exact one beside it, in the browser's time zone.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone as _};
use chrono_tz::Tz;

use crate::domain::timestamp::{DAY_MS, Timestamp};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Further away than so many days, the date says more than the distance.
const RELATIVE_DAYS: i64 = 30;

/// A time zone: the browser's, as its script tells, or UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

/// A point in time, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// For `datetime`.
    pub iso: String,
    /// Relative to now, such as `5 minutes ago`.
    pub words: String,
    /// Date, time and zone.
    pub exact: String,
}

impl Zone {
    /// The zone of an IANA name; UTC for anything else.
    #[must_use]
    pub fn named(name: Option<&str>) -> Self {
        Self(name.and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC))
    }

    /// The IANA names of all zones there are.
    pub fn names() -> impl Iterator<Item = &'static str> {
        chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())
    }

    /// Its IANA name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Date, time and zone, such as `15 Jan 2027, 13:00 CET`.
    #[must_use]
    pub fn exact(self, at: Timestamp) -> String {
        self.local(at).format("%-d %b %Y, %H:%M %Z").to_string()
    }

    /// The date, such as `15 Jan 2027`.
    #[must_use]
    pub fn date(self, at: Timestamp) -> String {
        self.local(at).format("%-d %b %Y").to_string()
    }

    /// A time as it is shown, `now` being now.
    #[must_use]
    pub fn moment(self, at: Timestamp, now: Timestamp) -> Moment {
        let off = at.millis() - now.millis();
        let words = if off.abs() >= RELATIVE_DAYS * DAY_MS {
            self.date(at)
        } else {
            relative(off)
        };
        Moment {
            iso: at.to_rfc3339(),
            words,
            exact: self.exact(at),
        }
    }

    /// Reads what a `datetime-local` field sends, such as `2027-03-01T09:00`. An hour that occurs twice is its first
    /// occurrence.
    ///
    /// # Errors
    /// A message for the person, also for an hour that is left out when clocks go forward.
    pub fn parse(self, text: &str) -> Result<Timestamp, String> {
        let format = if text.len() > 16 {
            "%Y-%m-%dT%H:%M:%S"
        } else {
            "%Y-%m-%dT%H:%M"
        };
        let local = NaiveDateTime::parse_from_str(text, format)
            .map_err(|_| "must be a date and a time".to_owned())?;
        match self.0.from_local_datetime(&local) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => {
                Ok(Timestamp::from_millis(at.timestamp_millis()))
            }
            LocalResult::None => Err(format!(
                "is an hour that {} leaves out that day, as clocks go forward",
                self.name()
            )),
        }
    }

    /// A time as a `datetime-local` field takes it.
    #[must_use]
    pub fn field(self, at: Timestamp) -> String {
        self.local(at).format("%Y-%m-%dT%H:%M").to_string()
    }

    fn local(self, at: Timestamp) -> DateTime<Tz> {
        let utc = DateTime::from_timestamp_millis(at.millis()).unwrap_or_default();
        utc.with_timezone(&self.0)
    }
}

fn relative(off: i64) -> String {
    let away = off.abs();
    if away < MINUTE_MS {
        return if off <= 0 { "just now" } else { "in a moment" }.to_owned();
    }
    let (n, unit) = if away < HOUR_MS {
        (away / MINUTE_MS, "minute")
    } else if away < DAY_MS {
        (away / HOUR_MS, "hour")
    } else {
        (away / DAY_MS, "day")
    };
    let s = if n == 1 { "" } else { "s" };
    if off < 0 {
        format!("{n} {unit}{s} ago")
    } else {
        format!("in {n} {unit}{s}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_time_is_told_by_its_distance_and_exactly() {
        let now = at("2027-01-15T12:00:00Z");
        let berlin = Zone::named(Some("Europe/Berlin"));
        for (time, words, exact) in [
            ("2027-01-15T12:00:00Z", "just now", "15 Jan 2027, 13:00 CET"),
            (
                "2027-01-15T11:59:00Z",
                "1 minute ago",
                "15 Jan 2027, 12:59 CET",
            ),
            (
                "2027-01-15T15:30:00Z",
                "in 3 hours",
                "15 Jan 2027, 16:30 CET",
            ),
            (
                "2027-01-13T00:00:00Z",
                "2 days ago",
                "13 Jan 2027, 01:00 CET",
            ),
            (
                "2027-07-01T00:00:00Z",
                "1 Jul 2027",
                "1 Jul 2027, 02:00 CEST",
            ),
        ] {
            let moment = berlin.moment(at(time), now);
            assert_eq!((&*moment.words, &*moment.exact), (words, exact));
        }
    }

    #[test]
    fn what_is_typed_is_read_in_the_zone_it_was_shown_in() {
        let berlin = Zone::named(Some("Europe/Berlin"));
        for (typed, read) in [
            ("2027-03-01T09:00", "2027-03-01T08:00:00Z"),
            ("2027-07-01T09:00:30", "2027-07-01T07:00:30Z"),
            ("2027-10-31T02:30", "2027-10-31T00:30:00Z"),
        ] {
            assert_eq!(berlin.parse(typed), Ok(at(read)), "{typed}");
        }
        assert_eq!(berlin.field(at("2027-03-01T08:00:00Z")), "2027-03-01T09:00");
        for wrong in ["", "2027-03-01", "2027-03-28T02:30", "tomorrow"] {
            assert!(berlin.parse(wrong).is_err(), "{wrong}");
        }
        for unknown in [None, Some(""), Some("Mars/Base"), Some("../../etc/passwd")] {
            assert_eq!(Zone::named(unknown).name(), "UTC");
        }
    }
}
