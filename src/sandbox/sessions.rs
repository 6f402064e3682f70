//! The stand-in's memory: its sessions, found by token and by scanRef, a bounded number of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};

use super::session::{Event, Kind, Outcome, Phase, Session};

/// Why a session was not finished.
#[derive(Debug)]
pub(super) enum NotFinished {
    Unknown,
    /// It has ended before; what it came to.
    Ended(Box<Session>),
}

/// Why a session was not deleted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotDeleted {
    Unknown,
    Active,
    Reviewing,
}

/// All sessions. Every call holds its lock for a moment only.
pub(super) struct Sessions {
    table: Mutex<Table>,
    kept: usize,
}

#[derive(Default)]
struct Table {
    next: u64,
    by_number: BTreeMap<u64, Session>,
    by_token: HashMap<String, u64>,
    by_scan_ref: HashMap<String, u64>,
    /// Deadlines of the active ones.
    deadlines: BTreeSet<(Instant, u64)>,
}

impl Sessions {
    /// None yet; beyond `kept` the oldest is forgotten.
    pub(super) fn new(kept: usize) -> Self {
        Self {
            table: Mutex::default(),
            kept,
        }
    }

    /// Takes in a new session.
    pub(super) fn add(&self, session: Session) {
        let mut table = self.lock();
        let number = table.next;
        table.next += 1;
        table.by_token.insert(session.token.clone(), number);
        table.by_scan_ref.insert(session.scan_ref.clone(), number);
        table.deadlines.insert((session.deadline, number));
        table.by_number.insert(number, session);
        if table.by_number.len() > self.kept
            && let Some((number, oldest)) = table.by_number.pop_first()
        {
            table.by_token.remove(&oldest.token);
            table.by_scan_ref.remove(&oldest.scan_ref);
            table.deadlines.remove(&(oldest.deadline, number));
        }
    }

    /// The session of a token.
    pub(super) fn by_token(&self, token: &str) -> Option<Session> {
        let table = self.lock();
        table
            .by_token
            .get(token)
            .and_then(|number| table.by_number.get(number))
            .cloned()
    }

    /// The session of a scanRef.
    pub(super) fn by_scan_ref(&self, scan_ref: &str) -> Option<Session> {
        let table = self.lock();
        table
            .by_scan_ref
            .get(scan_ref)
            .and_then(|number| table.by_number.get(number))
            .cloned()
    }

    /// The session of a token, which an active session's first visit starts.
    pub(super) fn open(&self, token: &str, now: Instant, at: DateTime<Utc>) -> Option<Session> {
        let mut table = self.lock();
        let number = *table.by_token.get(token)?;
        let Table {
            by_number,
            deadlines,
            ..
        } = &mut *table;
        let session = by_number.get_mut(&number)?;
        if session.phase == Phase::Active && session.opened.is_none() {
            deadlines.remove(&(session.deadline, number));
            session.deadline = now + session.session_length;
            session.opened = Some(at);
            deadlines.insert((session.deadline, number));
        }
        Some(session.clone())
    }

    /// Gives an active session its result.
    pub(super) fn finish(
        &self,
        token: &str,
        outcome: Outcome,
        at: DateTime<Utc>,
    ) -> Result<Session, NotFinished> {
        let mut table = self.lock();
        let number = *table.by_token.get(token).ok_or(NotFinished::Unknown)?;
        match table.end(number, outcome, at) {
            Some(session) => Ok(session),
            None => Err(table
                .by_number
                .get(&number)
                .map_or(NotFinished::Unknown, |ended| {
                    NotFinished::Ended(Box::new(ended.clone()))
                })),
        }
    }

    /// Ends at most `limit` sessions whose time is over at `now`.
    pub(super) fn expire(&self, now: Instant, at: DateTime<Utc>, limit: usize) -> Vec<Session> {
        let mut table = self.lock();
        let due: Vec<u64> = table
            .deadlines
            .iter()
            .take_while(|(deadline, _)| *deadline <= now)
            .take(limit)
            .map(|(_, number)| *number)
            .collect();
        due.into_iter()
            .filter_map(|number| table.end(number, Outcome::Expire, at))
            .collect()
    }

    /// The manual review of a session is over.
    pub(super) fn settle(&self, scan_ref: &str, outcome: Outcome) {
        self.change(scan_ref, |session| {
            if session.phase == Phase::Reviewing {
                session.phase = Phase::Ended(outcome);
            }
        });
    }

    /// Notes a webhook, or what became of the one noted last.
    pub(super) fn note(&self, scan_ref: &str, event: Event) {
        self.change(scan_ref, |session| match session.events.last_mut() {
            Some(last) if last.name == event.name => *last = event,
            _ => session.events.push(event),
        });
    }

    /// Deletes what is kept of a person; a second time does no harm.
    pub(super) fn delete(&self, scan_ref: &str) -> Result<(), NotDeleted> {
        self.change(scan_ref, |session| {
            let (Phase::Ended(outcome) | Phase::Deleted(outcome)) = session.phase else {
                return Err(match session.phase {
                    Phase::Reviewing => NotDeleted::Reviewing,
                    _ => NotDeleted::Active,
                });
            };
            session.phase = Phase::Deleted(outcome);
            (session.first_name, session.last_name) = (None, None);
            Ok(())
        })
        .unwrap_or(Err(NotDeleted::Unknown))
    }

    /// The newest `count`, newest first.
    pub(super) fn newest(&self, count: usize) -> Vec<Session> {
        self.lock()
            .by_number
            .values()
            .rev()
            .take(count)
            .cloned()
            .collect()
    }

    /// How many identifications a client has (all clients: none given), and of a part of them,
    /// newest first, scanRef and phase.
    pub(super) fn list(
        &self,
        client_id: Option<&str>,
        skip: usize,
        take: usize,
    ) -> (usize, Vec<(String, Phase)>) {
        let table = self.lock();
        let found = table.by_number.values().rev().filter(|session| {
            session.kind != Kind::AgeEstimation
                && client_id.is_none_or(|id| session.client_id.as_deref() == Some(id))
        });
        let part = found.clone().skip(skip).take(take);
        (
            found.count(),
            part.map(|session| (session.scan_ref.clone(), session.phase))
                .collect(),
        )
    }

    fn change<R>(&self, scan_ref: &str, change: impl FnOnce(&mut Session) -> R) -> Option<R> {
        let mut table = self.lock();
        let number = *table.by_scan_ref.get(scan_ref)?;
        table.by_number.get_mut(&number).map(change)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Ends an active session; none if it is not.
    fn end(&mut self, number: u64, outcome: Outcome, at: DateTime<Utc>) -> Option<Session> {
        let session = self.by_number.get_mut(&number)?;
        if session.phase != Phase::Active {
            return None;
        }
        self.deadlines.remove(&(session.deadline, number));
        session.finished = Some(at);
        session.outcome = Some(outcome);
        session.phase = if session.is_reviewed(outcome) {
            Phase::Reviewing
        } else {
            Phase::Ended(outcome)
        };
        Some(session.clone())
    }
}

#[cfg(test)]
mod tests;
