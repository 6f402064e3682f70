//! The way in: passwords are checked with a bound on how many at once, and a browser is signed in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::HttpResponse;
use actix_web::cookie::Cookie;
use tokio::sync::Semaphore;

use super::cookies;
use super::operator::{Operator, Visit, with_cookies};
use super::refused::Refused;
use super::throttle::Throttle;
use crate::domain::id::BrowserSessionId;
use crate::domain::password::{hash_password, is_password};
use crate::domain::person::Person;
use crate::domain::secret::Secret;
use crate::store::browser_sessions::{BrowserSession, LIFE_MS};
use crate::web::limiter::bucket;

/// Passwords hashed at once: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;

/// Passwords that may wait for that.
const WAITING: usize = 32;

/// Of these, so many of one address at most: nobody takes all places.
const OF_ADDRESS: usize = 4;

/// What stands at the door.
#[derive(Debug)]
pub struct Entry {
    /// Who has to wait before the next try.
    pub(super) throttle: Throttle,
    /// Whether the log was told of a proxy that the settings do not name.
    pub(super) told_of_proxy: AtomicBool,
    hashing: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    places: Places,
}

/// How many of an address are inside.
#[derive(Debug, Clone, Default)]
struct Places(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of them; leaves when dropped.
struct Place(Places, IpAddr);

impl Default for Entry {
    fn default() -> Self {
        Self {
            throttle: Throttle::default(),
            told_of_proxy: AtomicBool::default(),
            hashing: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            places: Places::default(),
        }
    }
}

impl Entry {
    /// What is kept of a password; `address` is where it came from.
    pub(super) async fn hash(&self, password: Secret, address: IpAddr) -> Result<String, Refused> {
        self.slowly(address, move || hash_password(&password)).await
    }

    /// Whether `hash` was made of that password; as slow where there is none.
    pub(super) async fn is_password(
        &self,
        password: Secret,
        hash: Option<String>,
        address: IpAddr,
    ) -> Result<bool, Refused> {
        self.slowly(address, move || is_password(&password, hash.as_deref()))
            .await
    }

    async fn slowly<T: Send + 'static>(
        &self,
        address: IpAddr,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let place = self.places.take(bucket(address)).ok_or(Refused::Busy)?;
        let waiting = self.waiting.clone().try_acquire_owned();
        let waiting = waiting.map_err(|_| Refused::Busy)?;
        let turn = self.hashing.clone().acquire_owned().await;
        let turn = turn.map_err(|_| Refused::Busy)?;
        tokio::task::spawn_blocking(move || {
            // Whoever asked may be gone long before the work is done: it is the work that takes memory and a core.
            let _inside = (place, waiting, turn);
            work()
        })
        .await
        .map_err(|_| Refused::Busy)
    }
}

impl Places {
    fn take(&self, address: IpAddr) -> Option<Place> {
        let mut inside = self.inside();
        let own = inside.entry(address).or_default();
        if *own >= OF_ADDRESS {
            return None;
        }
        *own += 1;
        Some(Place(self.clone(), address))
    }

    fn inside(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.0.inside();
        if let Some(own) = inside.get_mut(&self.1) {
            *own -= 1;
            if *own == 0 {
                inside.remove(&self.1);
            }
        }
    }
}

/// Signs the browser in as that person for so many milliseconds at most, with a cookie of its own; not with a password,
/// which is held against what the person's is by now ([`sign_in_with`]).
pub(super) async fn sign_in(
    visit: &Visit,
    person: &Person,
    life_ms: i64,
    answer: HttpResponse,
) -> Result<HttpResponse, Refused> {
    let to_login = || Refused::SignedOut(super::ROOT.to_owned());
    let signed_in = begin(visit, person, None, life_ms, answer).await?;
    signed_in.ok_or_else(to_login)
}

/// The same with a password, `password_hash` being what it was held against. A session that the browser had is over. None:
/// the password is another by now.
pub(super) async fn sign_in_with(
    visit: &Visit,
    person: &Person,
    password_hash: Option<&str>,
    answer: HttpResponse,
) -> Result<Option<HttpResponse>, Refused> {
    begin(visit, person, password_hash, LIFE_MS, answer).await
}

async fn begin(
    visit: &Visit,
    person: &Person,
    password_hash: Option<&str>,
    life_ms: i64,
    answer: HttpResponse,
) -> Result<Option<HttpResponse>, Refused> {
    if let Some(before) = &visit.signed_in {
        let store = &visit.state.store;
        store
            .end_browser_session(before.person.id, before.session.id)
            .await?;
    }
    let (session, token) = fresh_session(visit, person, life_ms);
    let store = visit.store_of(person);
    let is_kept = store.sign_in(&session, &token, password_hash).await?;
    let cookies = session_cookies(visit, &token, life_ms);
    Ok(is_kept.then(|| with_cookies(answer, &cookies)))
}

/// Gives the browser another session whose person has just set that password, or given it; the pages after this are for that
/// session, with the cookies that are returned. None: the password is another by now.
pub(super) async fn renew_session(
    operator: &mut Operator,
    password_hash: &str,
) -> Result<Option<[Cookie<'static>; 3]>, Refused> {
    let (session, token) = fresh_session(operator, &operator.person, LIFE_MS);
    let store = operator.store();
    let is_kept = store
        .stay_signed_in(&session, &token, password_hash)
        .await?;
    if !is_kept {
        return Ok(None);
    }
    operator.continue_with(session);
    Ok(Some(session_cookies(operator, &token, LIFE_MS)))
}

fn fresh_session(visit: &Visit, person: &Person, life_ms: i64) -> (BrowserSession, Secret) {
    let session = BrowserSession {
        id: BrowserSessionId::new(visit.state.clock.uuid()),
        person_id: person.id,
        created_at: visit.now,
        last_seen_at: visit.now,
        ends_at: visit.now.plus_millis(life_ms),
        address: visit.address.to_string(),
        user_agent: visit.user_agent.clone(),
    };
    (session, Secret::new(nanoid::nanoid!(43)))
}

fn session_cookies(visit: &Visit, token: &Secret, life_ms: i64) -> [Cookie<'static>; 3] {
    let state = &visit.state;
    [
        cookies::make(state, cookies::SESSION, token.expose(), life_ms),
        cookies::drop(state, cookies::PENDING),
        cookies::drop(state, cookies::FORMS),
    ]
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::mpsc;

    use futures_util::FutureExt as _;

    use super::*;

    fn address(n: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, n).into()
    }

    #[tokio::test]
    async fn a_client_that_hangs_up_frees_no_core() {
        let entry = Entry::default();
        let mut ends = Vec::new();
        for n in 0..2 {
            let (end, ended) = mpsc::channel::<()>();
            let work = entry.slowly(address(n), move || ended.recv());
            // Polled once, so begun; then dropped.
            assert!(work.now_or_never().is_none());
            ends.push(end);
        }
        assert_eq!(entry.hashing.available_permits(), 0);
        assert!(entry.slowly(address(9), || ()).now_or_never().is_none());
        ends.clear();
        entry.slowly(address(9), || ()).await.unwrap();
    }

    #[tokio::test]
    async fn one_address_leaves_places_to_others() {
        let entry = Entry::default();
        let kept: Vec<Place> = (0..OF_ADDRESS)
            .map(|_| entry.places.take(address(1)).unwrap())
            .collect();
        let refused = entry.slowly(address(1), || ()).await;
        assert!(matches!(refused, Err(Refused::Busy)));
        entry.slowly(address(2), || ()).await.unwrap();
        drop(kept);
        entry.slowly(address(1), || ()).await.unwrap();
    }
}
