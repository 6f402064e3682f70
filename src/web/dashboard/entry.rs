//! The way in: passwords are checked with a bound on how many at once, and a browser is signed in.

use actix_web::HttpResponse;
use tokio::sync::Semaphore;

use super::cookies;
use super::operator::{Visit, with_cookies};
use super::refused::Refused;
use super::throttle::Throttle;
use crate::domain::id::BrowserSessionId;
use crate::domain::password::{hash_password, is_password};
use crate::domain::person::Person;
use crate::domain::secret::Secret;
use crate::store::browser_sessions::{BrowserSession, LIFE_MS};

/// Passwords hashed at once: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;

/// Passwords that may wait for that.
const WAITING: usize = 32;

/// What stands at the door.
#[derive(Debug)]
pub struct Entry {
    /// Who has to wait before the next try.
    pub(super) throttle: Throttle,
    hashing: Semaphore,
    waiting: Semaphore,
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            throttle: Throttle::default(),
            hashing: Semaphore::new(AT_ONCE),
            waiting: Semaphore::new(AT_ONCE + WAITING),
        }
    }
}

impl Entry {
    /// What is kept of a password.
    pub(super) async fn hash(&self, password: Secret) -> Result<String, Refused> {
        self.slowly(move || hash_password(&password)).await
    }

    /// Whether `hash` was made of that password; as slow where there is none.
    pub(super) async fn is_password(
        &self,
        password: Secret,
        hash: Option<String>,
    ) -> Result<bool, Refused> {
        self.slowly(move || is_password(&password, hash.as_deref()))
            .await
    }

    async fn slowly<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let _place = self.waiting.try_acquire().map_err(|_| Refused::Busy)?;
        let _turn = self.hashing.acquire().await.map_err(|_| Refused::Busy)?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Refused::Busy)
    }
}

/// Signs the browser in as that person, with a cookie of its own, and leads to `next`. A session that the browser had is
/// over.
pub(super) async fn sign_in(
    visit: &Visit,
    person: &Person,
    answer: HttpResponse,
) -> Result<HttpResponse, Refused> {
    if let Some(before) = &visit.signed_in {
        let store = &visit.state.store;
        store
            .end_browser_session(before.person.id, before.session.id)
            .await?;
    }
    let token = Secret::new(nanoid::nanoid!(43));
    let session = BrowserSession {
        id: BrowserSessionId::new(visit.state.clock.uuid()),
        person_id: person.id,
        created_at: visit.now,
        last_seen_at: visit.now,
        ends_at: visit.now.plus_millis(LIFE_MS),
        address: visit.address.to_string(),
        user_agent: visit.user_agent.clone(),
    };
    visit.store_of(person).sign_in(&session, &token).await?;
    let state = &visit.state;
    let cookies = [
        cookies::make(state, cookies::SESSION, token.expose(), LIFE_MS),
        cookies::drop(state, cookies::PENDING),
        cookies::drop(state, cookies::FORMS),
    ];
    Ok(with_cookies(answer, &cookies))
}
