//! What came of all links together. Kept in memory, so that a look at a million sessions counts only what can have
//! changed: today, yesterday, and the days of sessions whose result came since.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::day::Day;
use crate::domain::timestamp::Timestamp;
use crate::store::links_brief::LinkBrief;
use crate::store::{Store, StoreError};

/// How many days are told.
pub const DAYS: i64 = 30;

/// After so long no session turns up any more that began before, in milliseconds.
const SETTLED_MS: i64 = 60_000;

/// How long it is remembered which links run short, in milliseconds: to find them, all that count uses are looked at.
const SHORT_MS: i64 = 60_000;

/// Links that are named as running short.
const SHORT_MAX: i64 = 6;

/// What was counted last. Cheap to clone; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Clone, Default)]
struct Known {
    /// All that was told up to this place is counted.
    place: i64,
    days: BTreeMap<Day, OfDay>,
    short: Option<(Timestamp, Vec<LinkBrief>)>,
}

/// What came of the clicks of one day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfDay {
    /// Sessions that were begun.
    pub begun: i64,
    /// Where they stand now, but for those on their way.
    pub statuses: BTreeMap<String, i64>,
    /// Requests that spent nothing, by the reason.
    pub ignored: BTreeMap<String, i64>,
    /// Those begun before this time are counted for good, and so many they are.
    settled: Option<(Timestamp, i64)>,
}

impl OfDay {
    /// How many stand so.
    #[must_use]
    pub fn of(&self, status: &str) -> i64 {
        self.statuses.get(status).copied().unwrap_or_default()
    }
}

impl Totals {
    /// The last [`DAYS`] days, the first first, today at the end.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn days(
        &self,
        store: &Store,
        now: Timestamp,
    ) -> Result<Vec<(Day, OfDay)>, StoreError> {
        // Not locked while the database is asked: who comes meanwhile asks, too.
        let mut known = self.with(|known| known.clone());
        known.count(store, now).await?;
        let days = known.days.clone();
        self.with(|last| {
            (last.place, last.days) = (known.place, known.days);
        });
        Ok(days.into_iter().collect())
    }

    /// Links of which at most a tenth of the uses is left, as of the last minute.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn running_short(
        &self,
        store: &Store,
        now: Timestamp,
    ) -> Result<Vec<LinkBrief>, StoreError> {
        let known = self.with(|known| known.short.clone());
        if let Some((at, short)) = known
            && now < at.plus_millis(SHORT_MS)
        {
            return Ok(short);
        }
        let short = store.links_running_short(now, SHORT_MAX).await?;
        self.with(|known| known.short = Some((now, short.clone())));
        Ok(short)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        act(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Known {
    /// Whether some of what was told since the last count is forgotten; `oldest` is the first that is kept, or 0.
    const fn has_missed(&self, oldest: i64) -> bool {
        oldest == 0 || oldest > self.place + 1
    }

    async fn count(&mut self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let today = Day::new(now.day());
        let first = today.plus(1 - DAYS);
        // Before anything is counted: what comes meanwhile is counted again next time.
        let place = store.newest_event().await?;
        let is_new = !self.days.is_empty() && place != self.place;
        let mut changed = BTreeSet::new();
        if is_new && self.has_missed(store.oldest_event().await?) {
            self.days.clear();
        } else if is_new {
            changed = store.days_changed_since(self.place).await?;
        }
        self.days.retain(|day, _| (first..=today).contains(day));
        // What failed raises no event; it does so within moments.
        let is_whole = |day: &Day| {
            let settled = self.days.get(day).and_then(|of| of.settled);
            settled.is_some_and(|(to, _)| to >= day.plus(1).start())
        };
        // A day that was last counted before its end is not counted yet, however long ago that is.
        let is_stale =
            |day: &Day| *day >= today.plus(-1) || changed.contains(day) || !is_whole(day);
        let stale: BTreeSet<Day> = (0..DAYS).map(|n| first.plus(n)).filter(is_stale).collect();
        self.count_begun(store, &stale, now).await?;
        for day in &stale {
            let day = self.days.entry(*day).or_default();
            day.statuses.clear();
            day.ignored.clear();
        }
        for (day, status, n) in store.statuses_of_days(&stale).await? {
            self.days.entry(day).or_default().statuses.insert(status, n);
        }
        for (day, reason, n) in store.ignored_on(&stale).await? {
            self.days.entry(day).or_default().ignored.insert(reason, n);
        }
        self.place = place;
        Ok(())
    }

    /// Counts how many sessions were begun: those of settled times once, the others each time.
    async fn count_begun(
        &mut self,
        store: &Store,
        days: &BTreeSet<Day>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let settled = now.plus_millis(-SETTLED_MS);
        let parts = days.iter().map(|day| {
            let (start, end) = (day.start(), day.plus(1).start());
            let from = self.days.get(day).and_then(|of| of.settled);
            let from = from.map_or(start, |(to, _)| to);
            (from, settled.clamp(from, end), end)
        });
        let parts: Vec<_> = parts.collect();
        let times: Vec<_> = parts
            .iter()
            .flat_map(|(from, to, end)| [(*from, *to), (*to, *end)])
            .collect();
        let counts = store.sessions_begun(&times).await?;
        for ((day, (_, to, _)), counts) in days.iter().zip(&parts).zip(counts.chunks(2)) {
            let of = self.days.entry(*day).or_default();
            let before = of.settled.map_or(0, |(_, n)| n) + counts[0];
            of.settled = Some((*to, before));
            of.begun = before + counts[1];
        }
        Ok(())
    }
}
