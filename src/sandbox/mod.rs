//! An embedded stand-in for iDenfy, so that all of the gateway works without an account.
//!
//! It speaks as iDenfy's public documentation tells and shares nothing with the gateway's own
//! client, so that it cannot share its mistakes. What a visitor would do at iDenfy is done here by
//! four buttons; the result goes out as signed webhooks. Faults can be switched on.

mod age;
mod checks;
mod faults;
mod lookups;
mod pages;
mod refusal;
mod session;
mod sessions;
mod switchboard;
mod token;
mod webhooks;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;

use faults::{Fault, Faults};
use refusal::Refusal;
use session::{Kind, Outcome};
use sessions::Sessions;

/// Tokens kept; with more, the oldest is forgotten.
const KEPT: usize = 100_000;
/// Webhooks under way at a time.
const DELIVERIES: usize = 32;
/// How often tokens that ran out are looked for, and how many of them are told at a time.
const TICK: Duration = Duration::from_millis(500);
const EXPIRED_A_TICK: usize = 500;

/// What the stand-in has to know.
#[derive(Clone)]
pub struct Settings {
    /// User name of the calls' Basic authorization.
    pub api_key: String,
    /// Password of the calls' Basic authorization.
    pub api_secret: String,
    /// Key of the webhooks' signature; empty: unsigned, as iDenfy does without a key.
    pub signing_key: String,
    /// Base of what a visitor's browser opens, for example `http://localhost:8080/sandbox`; no
    /// slash at its end.
    pub public_base: String,
    /// Where webhooks go unless a token names an address of its own.
    pub webhook_url: String,
    /// Pause between the automatic and the manual result.
    pub review_delay: Duration,
}

/// The stand-in: its tokens, its switched-on fault and what sends its webhooks. Clones share all.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

/// A fault that can be switched on.
#[derive(Debug, Clone, Copy)]
pub struct FaultChoice {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it does.
    pub words: &'static str,
    /// Whether it is switched on.
    pub is_on: bool,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sandbox")
    }
}

struct Inner {
    settings: Settings,
    /// What follows `Basic ` in the header of a call that is let in.
    credentials: String,
    client: reqwest::Client,
    sessions: Sessions,
    faults: Faults,
    deliveries: Semaphore,
}

impl Sandbox {
    /// A stand-in without tokens, and the task that ends those that run out; that task lives as
    /// long as any clone. To be called within a tokio runtime.
    #[must_use]
    pub fn new(settings: Settings, client: reqwest::Client) -> Self {
        let inner = Arc::new(Inner {
            credentials: BASE64_STANDARD
                .encode(format!("{}:{}", settings.api_key, settings.api_secret)),
            settings,
            client,
            sessions: Sessions::new(KEPT),
            faults: Faults::default(),
            deliveries: Semaphore::new(DELIVERIES),
        });
        let weak = Arc::downgrade(&inner);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(TICK).await;
                let Some(inner) = weak.upgrade() else { break };
                Self(inner).expire_due(Instant::now());
            }
        });
        Self(inner)
    }

    /// The faults, one of which is switched on (`none` is one of them).
    #[must_use]
    pub fn faults(&self) -> Vec<FaultChoice> {
        let (current, _) = self.0.faults.current();
        let faults = faults::ALL.iter().map(|(fault, name, words)| FaultChoice {
            name,
            words,
            is_on: *fault == current,
        });
        faults.collect()
    }

    /// For how many more calls the fault lasts; none: until it is changed.
    #[must_use]
    pub fn calls_left(&self) -> Option<u32> {
        self.0.faults.current().1
    }

    /// Switches the fault of that name on, for so many calls or until it is changed. False: there is no such fault.
    #[must_use]
    pub fn set_fault(&self, name: &str, times: Option<u32>) -> bool {
        let fault = Fault::parse(name);
        if let Some(fault) = fault {
            self.0.faults.set(fault, times);
        }
        fault.is_some()
    }

    /// Ends the sessions whose time has run out at `now` and tells of them.
    fn expire_due(&self, now: Instant) {
        for session in self.0.sessions.expire(now, wall_clock(), EXPIRED_A_TICK) {
            // What age estimation sends for a session that just ran out is not documented.
            if session.kind != Kind::AgeEstimation {
                webhooks::announce(self.clone(), session, Outcome::Expire);
            }
        }
    }

    /// Checks a call's Basic authorization.
    fn authorize(&self, request: &actix_web::HttpRequest) -> Result<(), Refusal> {
        let header = request
            .headers()
            .get("Authorization")
            .and_then(|value| value.to_str().ok());
        match header.and_then(|value| value.split_once(' ')) {
            Some((scheme, given))
                if scheme.eq_ignore_ascii_case("basic") && given.trim() == self.0.credentials =>
            {
                Ok(())
            }
            _ => Err(Refusal::credentials()),
        }
    }

    /// An address below the base that visitors open.
    fn public(&self, path: &str) -> String {
        format!("{}{path}", self.0.settings.public_base)
    }
}

/// Mounts the stand-in at `/sandbox`.
pub fn routes(sandbox: Sandbox) -> impl FnOnce(&mut web::ServiceConfig) {
    move |config| {
        config.service(
            web::scope("/sandbox")
                .app_data(web::Data::new(sandbox))
                .service(call("/api/v2/token", web::post().to(token::create)))
                .service(call("/age-estimation/token/", web::post().to(age::create)))
                .service(call("/api/v2/status", web::post().to(lookups::status)))
                .service(call("/api/v2/delete", web::post().to(lookups::delete)))
                .service(call("/kyc/identifications/", web::get().to(lookups::list)))
                .route("/api/v2/redirect", web::get().to(pages::redirect))
                .route("/verify", web::get().to(pages::show))
                .route("/verify", web::post().to(pages::press))
                .route("/faults", web::post().to(switchboard::set_fault))
                .route("", web::get().to(switchboard::show)),
        );
    }
}

/// A call that answers every other verb as iDenfy does.
fn call(path: &str, route: actix_web::Route) -> actix_web::Resource {
    web::resource(path)
        .route(route)
        .default_service(web::to(|| async {
            Refusal::method_not_allowed().response()
        }))
}

/// The time for what is printed and sent; deadlines go by [`Instant`].
#[expect(
    clippy::disallowed_methods,
    reason = "a leaf that imports nothing, not the clock either"
)]
fn wall_clock() -> DateTime<Utc> {
    Utc::now()
}
