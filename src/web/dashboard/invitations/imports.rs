//! Files that were uploaded and checked, and wait for their person's word: in memory alone, as they name people, for an
//! hour, and no more of them than memory has room for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use actix_web::web::Bytes;
use uuid::Uuid;

use crate::domain::id::{PersonId, PresetId};
use crate::domain::timestamp::Timestamp;
use crate::web::api::bulk_input::Format;
use crate::web::api::bulk_input::kinds::Invitations;
use crate::web::api::bulk_made::Receipt;

/// How long a file is kept, in milliseconds.
const KEPT_MS: i64 = 3_600_000;

/// The most bytes of files at once.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// A file that was checked.
#[derive(Debug)]
pub struct Import {
    /// Who uploaded it.
    pub person: PersonId,
    /// The file.
    pub file: Bytes,
    /// How it is written.
    pub format: Format,
    /// What its rows have in common.
    pub kind: Invitations,
    /// What rows are made from that name no preset.
    pub preset: Option<PresetId>,
    /// How many rows it has.
    pub rows: usize,
    /// When it came.
    pub at: Timestamp,
    /// Rows that were read, of those that are being made.
    pub read: AtomicUsize,
    /// From what they are made, however often it begins.
    pub receipt: OnceLock<Receipt>,
    stage: Mutex<Stage>,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// It is right, and waits.
    Checked,
    /// It is being made.
    Running,
    /// All were made, from this.
    Done(Receipt),
    /// It failed; says why.
    Failed(String),
    /// Nobody knows whether they were made; to begin again makes nobody twice. Says why.
    Unsure(String),
}

impl Import {
    /// A file that was found right.
    #[must_use]
    pub fn new(
        person: PersonId,
        (format, file): (Format, Bytes),
        kind: Invitations,
        rows: usize,
        at: Timestamp,
    ) -> Self {
        Self {
            person,
            file,
            format,
            kind,
            preset: None,
            rows,
            at,
            read: AtomicUsize::new(0),
            receipt: OnceLock::new(),
            stage: Mutex::new(Stage::Checked),
        }
    }

    /// How far it is.
    #[must_use]
    pub fn stage(&self) -> Stage {
        let stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        stage.clone()
    }

    /// Whether it may begin now, which is so once, and again as long as nobody knows how it ended.
    #[must_use]
    pub fn begins(&self) -> bool {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = matches!(*stage, Stage::Checked | Stage::Unsure(_));
        if begins {
            *stage = Stage::Running;
        }
        begins
    }

    /// It has come to its end.
    pub fn end(&self, how: Stage) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = how;
    }

    /// Rows that were read so far.
    #[must_use]
    pub fn read(&self) -> usize {
        self.read.load(Ordering::Relaxed)
    }
}

/// The files of this node.
#[derive(Debug, Default)]
pub struct Imports(Mutex<HashMap<Uuid, Arc<Import>>>);

impl Imports {
    /// Keeps a file under a name. The oldest give way where there is no room, but for those that are being made.
    pub fn keep(&self, id: Uuid, import: Import) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = import.at;
        all.retain(|_, one| one.stage() == Stage::Running || one.at.plus_millis(KEPT_MS) > now);
        all.insert(id, Arc::new(import));
        while all.values().map(|one| one.file.len()).sum::<usize>() > BYTES_MAX {
            let mut idle: Vec<_> = all
                .iter()
                .filter(|(other, one)| **other != id && one.stage() != Stage::Running)
                .map(|(other, one)| (one.at, *other))
                .collect();
            idle.sort_unstable();
            match idle.first() {
                Some((_, oldest)) => drop(all.remove(oldest)),
                None => return,
            }
        }
    }

    /// The file of that name that this person uploaded, for an hour.
    #[must_use]
    pub fn of(&self, id: &str, person: PersonId, now: Timestamp) -> Option<Arc<Import>> {
        let id = Uuid::try_parse(id).ok()?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, one| one.stage() == Stage::Running || one.at.plus_millis(KEPT_MS) > now);
        let found = all.get(&id).filter(|import| import.person == person);
        found.cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(person: PersonId, bytes: usize, at: i64) -> Import {
        let file = (Format::Csv, Bytes::from(vec![0; bytes]));
        let kind = Invitations::default();
        Import::new(person, file, kind, 1, Timestamp::from_millis(at))
    }

    #[test]
    fn a_file_is_its_persons_alone_for_an_hour_and_gives_way_to_newer_ones() {
        let (imports, person) = (Imports::default(), PersonId::new(Uuid::now_v7()));
        let other = PersonId::new(Uuid::now_v7());
        let ids: Vec<Uuid> = (0..4).map(|_| Uuid::now_v7()).collect();
        let find = |n: usize, who: PersonId, at: i64| {
            let id = ids[n].to_string();
            imports.of(&id, who, Timestamp::from_millis(at))
        };
        imports.keep(ids[0], import(person, 10, 0));
        assert!(find(0, person, KEPT_MS - 1).is_some());
        assert!(find(0, other, 0).is_none() && find(1, person, 0).is_none());
        imports.keep(ids[1], import(person, BYTES_MAX - 10, 1));
        assert!(find(0, person, 1).is_some());
        imports.keep(ids[2], import(person, 10, 2));
        assert!(find(0, person, 2).is_none(), "the oldest gives way");
        let running = find(1, person, 2).unwrap();
        assert!(running.begins() && !running.begins());
        running.end(Stage::Unsure("why".to_owned()));
        assert!(running.begins() && !running.begins(), "once more");
        imports.keep(ids[3], import(person, 10, 3));
        assert!(find(1, person, KEPT_MS + 9).is_some(), "it is being made");
        assert!(find(3, person, KEPT_MS + 9).is_none(), "its hour is over");
    }
}
