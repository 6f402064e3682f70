//! What a visitor sees: iDenfy's hosted page, played with four buttons.

use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType, LOCATION, REFERRER_POLICY,
};
use actix_web::web::{Data, Form, Query};
use askama::Template;
use serde::Deserialize;

use super::session::{Outcome, Phase, Session};
use super::sessions::NotFinished;
use super::{Sandbox, wall_clock, webhooks};

/// No scripts, styles from the server alone. Forms may go anywhere, because browsers hold the
/// redirect after a form, which here leads to a token's `successUrl`, to the same rule.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action *; base-uri 'none'; \
    frame-ancestors 'none'";

/// The query of every address that a token opens.
#[derive(Deserialize)]
pub(super) struct Opened {
    #[serde(rename = "authToken", default)]
    token: String,
}

/// The form's one field: the button pressed.
#[derive(Deserialize)]
pub(super) struct Press {
    outcome: Outcome,
}

#[derive(Template)]
#[template(path = "sandbox/verify.html")]
struct Verify<'a> {
    session: &'a Session,
}

#[derive(Template)]
#[template(path = "sandbox/ended.html")]
struct Ended<'a> {
    session: &'a Session,
    /// A button was pressed although the session had ended.
    pressed_again: bool,
}

#[derive(Template)]
#[template(path = "sandbox/missing.html")]
struct Missing;

/// `GET /api/v2/redirect`: on to the hosted page.
pub(super) async fn redirect(sandbox: Data<Sandbox>, opened: Query<Opened>) -> HttpResponse {
    sandbox.expire_due(Instant::now());
    match sandbox.0.sessions.by_token(&opened.token) {
        None => missing(),
        Some(session) if session.phase == Phase::Active => HttpResponse::Found()
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((LOCATION, verify_address(&sandbox, &session)))
            .finish(),
        Some(session) => ended(StatusCode::GONE, &session, false),
    }
}

/// `GET /verify`: the hosted page. The first visit starts the session's time.
pub(super) async fn show(sandbox: Data<Sandbox>, opened: Query<Opened>) -> HttpResponse {
    sandbox.expire_due(Instant::now());
    match sandbox
        .0
        .sessions
        .open(&opened.token, Instant::now(), wall_clock())
    {
        None => missing(),
        Some(session) if session.phase == Phase::Active => {
            html(StatusCode::OK, &Verify { session: &session })
        }
        Some(session) => ended(StatusCode::OK, &session, false),
    }
}

/// `POST /verify`: a button was pressed.
pub(super) async fn press(
    sandbox: Data<Sandbox>,
    opened: Query<Opened>,
    press: Form<Press>,
) -> HttpResponse {
    let (now, at) = (Instant::now(), wall_clock());
    sandbox.expire_due(now);
    sandbox.0.sessions.open(&opened.token, now, at);
    match sandbox.0.sessions.finish(&opened.token, press.outcome, at) {
        Err(NotFinished::Unknown) => missing(),
        Err(NotFinished::Ended(session)) => ended(StatusCode::CONFLICT, &session, true),
        Ok(session) => {
            let next = session
                .landing()
                .map_or_else(|| verify_address(&sandbox, &session), str::to_owned);
            webhooks::announce(Sandbox::clone(&sandbox), session, press.outcome);
            HttpResponse::SeeOther()
                .insert_header((CACHE_CONTROL, "no-store"))
                .insert_header((LOCATION, next))
                .finish()
        }
    }
}

/// A page of the stand-in.
pub(super) fn html(status: StatusCode, page: &impl Template) -> HttpResponse {
    let body = page.render().expect("a page renders from plain values");
    HttpResponse::build(status)
        .insert_header(ContentType::html())
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header(("X-Robots-Tag", "noindex"))
        .body(body)
}

fn ended(status: StatusCode, session: &Session, pressed_again: bool) -> HttpResponse {
    html(
        status,
        &Ended {
            session,
            pressed_again,
        },
    )
}

fn missing() -> HttpResponse {
    html(StatusCode::NOT_FOUND, &Missing)
}

fn verify_address(sandbox: &Sandbox, session: &Session) -> String {
    sandbox.public(&format!("/verify?authToken={}", session.token))
}
