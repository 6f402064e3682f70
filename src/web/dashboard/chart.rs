//! Charts of days, as `chart.html` shows them: bars that are stacked, and a table that tells the same.

use serde_json::json;

use crate::domain::day::Day;

/// The colour of what is counted: a token of the stylesheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// What one hopes for.
    Good,
    /// What did not go well.
    Bad,
    /// What wants a look.
    Warn,
    /// What is under way.
    Busy,
    /// What does not matter much.
    Calm,
    /// The same, beside another.
    Muted,
}

/// What is counted each day.
#[derive(Debug, Clone)]
pub struct Series {
    /// Its name.
    pub label: &'static str,
    /// Its colour.
    pub tone: Tone,
    /// A number for each day.
    pub values: Vec<i64>,
}

/// A chart of days that follow each other.
#[derive(Debug, Clone)]
pub struct Chart {
    /// What it shows; the table's caption.
    pub title: &'static str,
    /// What all days together are called, such as `The last 30 days`.
    pub whole: String,
    /// The first day.
    pub first: Day,
    /// What is counted, from the top of the bars down.
    pub series: Vec<Series>,
}

impl Tone {
    /// Its token's name, and that of its class.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Busy => "busy",
            Self::Calm => "edge",
            Self::Muted => "soft",
        }
    }
}

impl Series {
    /// All days together.
    #[must_use]
    pub fn total(&self) -> String {
        grouped(self.values.iter().sum())
    }
}

impl Chart {
    /// What the script draws: the days in seconds since the epoch, and the series.
    #[must_use]
    pub fn json(&self) -> String {
        let days: Vec<i64> = self.days().map(|day| day.start().millis() / 1000).collect();
        let series = self.series.iter();
        let series: Vec<_> = series
            .map(|series| json!({"tone": series.tone.as_str(), "values": series.values}))
            .collect();
        json!({"days": days, "series": series}).to_string()
    }

    /// A row for each day, the latest first.
    #[must_use]
    pub fn rows(&self) -> Vec<(Day, Vec<String>)> {
        let row = |(i, day): (usize, Day)| {
            let values = self.series.iter().map(|series| grouped(series.values[i]));
            (day, values.collect())
        };
        let mut rows: Vec<_> = self.days().enumerate().map(row).collect();
        rows.reverse();
        rows
    }

    fn days(&self) -> impl Iterator<Item = Day> {
        let count = self.series.first().map_or(0, |series| series.values.len());
        (0..count).map(|n| self.first.plus(i64::try_from(n).unwrap_or_default()))
    }
}

/// A number with its thousands parted, such as `12,345`.
#[must_use]
pub fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::from(if n < 0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_tells_its_days_to_the_script_and_to_the_table() {
        let series = |label, tone, values: &[i64]| Series {
            label,
            tone,
            values: values.to_vec(),
        };
        let chart = Chart {
            title: "Sessions",
            whole: "Two days".into(),
            first: Day::new(1),
            series: vec![
                series("Denied", Tone::Bad, &[0, 2]),
                series("Approved", Tone::Good, &[1, 3]),
            ],
        };
        assert_eq!(
            chart.json(),
            r#"{"days":[86400,172800],"series":[{"tone":"bad","values":[0,2]},{"tone":"good","values":[1,3]}]}"#
        );
        let row = |day, values: [&str; 2]| (Day::new(day), values.map(str::to_owned).to_vec());
        assert_eq!(chart.rows(), [row(2, ["2", "3"]), row(1, ["0", "1"])]);
        assert_eq!(chart.series[1].total(), "4");
    }

    #[test]
    fn thousands_are_parted() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (-1_234_567, "-1,234,567"),
        ] {
            assert_eq!(grouped(n), text);
        }
    }
}
