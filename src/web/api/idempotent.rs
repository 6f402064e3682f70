//! `Idempotency-Key`: the same request sent again gets the first answer again.
//!
//! Answers may hold secrets that are shown once (a key, a session's token), so they are kept sealed with a key that
//! only the caller's API key yields.

use std::future::Future;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::answer::Answer;
use super::caller::Caller;
use crate::clock::Clock;
use crate::domain::id::KeyId;
use crate::store::Store;
use crate::store::idempotency::Begun;
use crate::web::State;
use crate::web::problem::Problem;

/// Longest idempotency key, in characters.
const KEY_MAX: usize = 255;

/// How often a request that runs says so.
const RENEW_EVERY: Duration = Duration::from_secs(30);

/// Bytes of the random nonce put before each sealed answer.
const NONCE_LEN: usize = 12;

/// Answers a POST: runs `make` with an id for what it makes, or gives the first answer again. The id is the same as
/// last time when the process died in the middle of the first try. With a key all runs in a task of its own: who asks
/// again is often one whose connection broke, and must find the first answer.
///
/// # Errors
/// When the key is unusable, in use, or was used for another request, or the database does not answer.
pub async fn answer<F, Fut>(
    state: &web::Data<State>,
    caller: &Caller,
    request: &HttpRequest,
    body: &[u8],
    make: F,
) -> Result<HttpResponse, Problem>
where
    F: FnOnce(Uuid) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Answer, Problem>> + Send,
{
    let answer = once(state, caller, request, body, make).await?;
    Ok(answer.respond())
}

/// The same, the answer not yet as a response. What stands for the body may also be a digest of it.
///
/// # Errors
/// As above.
pub async fn once<F, Fut>(
    state: &web::Data<State>,
    caller: &Caller,
    request: &HttpRequest,
    body: &[u8],
    make: F,
) -> Result<Answer, Problem>
where
    F: FnOnce(Uuid) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Answer, Problem>> + Send,
{
    let fresh = state.clock.uuid();
    let Some(key) = header_key(request)? else {
        return make(fresh).await;
    };
    let seal = Seal::new(caller, &key);
    let once = Once {
        state: state.clone(),
        key_id: caller.key.id,
        key,
        fingerprint: seal.fingerprint(request, body),
        seal,
    };
    let task = state.spawn(async move { once.answer(fresh, make).await });
    task.await.map_err(|error| {
        tracing::error!("a request's task ended early: {error}");
        Problem::Database(None)
    })?
}

/// A request that is run once.
struct Once {
    state: web::Data<State>,
    key_id: KeyId,
    key: String,
    fingerprint: String,
    seal: Seal,
}

impl Once {
    async fn answer<F, Fut>(self, fresh: Uuid, make: F) -> Result<Answer, Problem>
    where
        F: FnOnce(Uuid) -> Fut,
        Fut: Future<Output = Result<Answer, Problem>>,
    {
        let store = &self.state.store;
        let proposed = fresh.to_string();
        let begun = store.begin_idempotent(
            self.key_id,
            &self.key,
            &self.fingerprint,
            &proposed,
            self.state.clock.now(),
        );
        let id = match begun.await? {
            Begun::First(id) => Uuid::try_parse(&id).unwrap_or(fresh),
            Begun::InProgress => return Err(Problem::IdempotencyInProgress),
            Begun::Mismatch => return Err(Problem::IdempotencyMismatch),
            Begun::Answered(sealed) => {
                return self.seal.open(&sealed).ok_or(Problem::Database(None));
            }
        };
        let clock = &self.state.clock;
        let done = while_it_runs(store, clock, (self.key_id, &self.key), id, make(id)).await;
        let answer = done.unwrap_or_else(|problem| {
            problem.tell(store);
            Answer::from(problem)
        });
        let kept = (!answer.is_fault()).then(|| self.seal.seal(&answer));
        store
            .end_idempotent(
                self.key_id,
                &self.key,
                kept.as_deref(),
                answer.link(),
                clock.now(),
            )
            .await?;
        Ok(answer)
    }
}

/// Runs what is asked for under a key, and says from time to time that it still runs: one of which nothing is heard for two
/// minutes is taken to have died.
pub async fn while_it_runs<T>(
    store: &Store,
    clock: &Clock,
    (key_id, key): (KeyId, &str),
    resource_id: Uuid,
    it: impl Future<Output = T>,
) -> T {
    let resource_id = resource_id.to_string();
    let renewing = async {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            // Where the database does not answer, the next one comes in time.
            let _ = store
                .renew_idempotent(key_id, key, &resource_id, clock.now())
                .await;
        }
    };
    tokio::select! {
        biased;
        done = it => done,
        () = renewing => unreachable!("it never ends"),
    }
}

fn header_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get("Idempotency-Key") else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    if (1..=KEY_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
    {
        Ok(Some(text.to_owned()))
    } else {
        Err(Problem::field(
            "Idempotency-Key",
            format!("must be 1 to {KEY_MAX} printable ASCII characters"),
        ))
    }
}

/// Seals and opens what is kept for one caller under one idempotency key.
struct Seal {
    mac: Hmac<Sha256>,
    cipher: ChaCha20Poly1305,
}

impl Seal {
    fn new(caller: &Caller, key: &str) -> Self {
        let mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(caller.text.expose().as_bytes())
            .expect("HMAC takes keys of any length")
            .chain_update("idempotency\0")
            .chain_update(key)
            .chain_update([0]);
        let cipher_key = mac.clone().chain_update("seal").finalize().into_bytes();
        Self {
            mac,
            cipher: ChaCha20Poly1305::new(&cipher_key),
        }
    }

    fn fingerprint(&self, request: &HttpRequest, body: &[u8]) -> String {
        let mac = self
            .mac
            .clone()
            .chain_update(request.method().as_str())
            .chain_update([0]);
        let mac = mac
            .chain_update(request.path())
            .chain_update([0])
            .chain_update(body);
        hex::encode(mac.finalize().into_bytes())
    }

    fn seal(&self, answer: &Answer) -> String {
        let mut sealed = vec![0; NONCE_LEN];
        getrandom::fill(&mut sealed).expect("the operating system gives random bytes");
        let text = serde_json::to_vec(answer).expect("an answer is plain text");
        let nonce = Nonce::try_from(&sealed[..]).expect("the nonce has its length");
        sealed.extend(
            self.cipher
                .encrypt(&nonce, &text[..])
                .expect("an answer is far below the limit"),
        );
        STANDARD.encode(sealed)
    }

    fn open(&self, sealed: &str) -> Option<Answer> {
        let sealed = STANDARD.decode(sealed).ok()?;
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let text = self
            .cipher
            .decrypt(&Nonce::try_from(nonce).ok()?, text)
            .ok()?;
        serde_json::from_slice(&text).ok()
    }
}
