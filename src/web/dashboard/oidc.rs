//! `/admin/login/oidc`: signing in by an identity provider.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::cookies;
use super::entry::sign_in;
use super::flash::Flash;
use super::login::next;
use super::operator::{Visit, with_cookies};
use super::page::{Page, render};
use super::refused::{Answer, Refused};
use crate::domain::id::PersonId;
use crate::domain::person::{Person, Role, parse_email, parse_person_name};
use crate::oidc::{Begun, Identity, OidcError, Provider};
use crate::store::browser_sessions::PROVIDED_LIFE_MS;
use crate::store::people::PeopleRefusal;

/// How long one may take at the provider, in milliseconds: 10 minutes.
const BEGUN_MS: i64 = 10 * 60_000;

/// Signed along with what was begun.
const PURPOSE: &str = "oidc";

/// What the browser keeps meanwhile.
#[derive(Serialize, Deserialize)]
struct Kept {
    begun: Begun,
    next: String,
    at: i64,
}

#[derive(Template)]
#[template(path = "dashboard/oidc_refused.html")]
struct RefusedPage {
    page: Page,
    text: String,
}

pub(super) async fn begin(visit: Visit) -> Answer {
    let provider = provider(&visit)?;
    let (address, begun) = match provider.begin().await {
        Ok(begun) => begun,
        Err(error) => return Ok(unavailable(&visit, &error)),
    };
    let kept = Kept {
        begun,
        next: next(visit.asked("next").unwrap_or_default()),
        at: visit.now.millis(),
    };
    let content = serde_json::to_vec(&kept).map_err(|_| Refused::NotFound)?;
    let sealed = visit
        .state
        .signer
        .seal(&URL_SAFE_NO_PAD.encode(content), PURPOSE);
    let cookie = cookies::make(&visit.state, cookies::PROVIDER, &sealed, BEGUN_MS);
    Ok(with_cookies(visit.redirect(&address), &[cookie]))
}

pub(super) async fn finish(visit: Visit, request: HttpRequest) -> Answer {
    provider(&visit)?;
    let answer = let_in(&visit, &request).await?;
    let cookie = cookies::drop(&visit.state, cookies::PROVIDER);
    Ok(with_cookies(answer, &[cookie]))
}

/// Signs in whomever the provider means.
async fn let_in(visit: &Visit, request: &HttpRequest) -> Answer {
    let provider = provider(visit)?;
    let Some(Kept { begun, next, .. }) = kept(visit, request) else {
        let flash =
            Flash::trouble("That took too long, or was begun in another browser. Sign in again.");
        return Ok(visit.redirect_with(&flash, "/admin/login"));
    };
    let Some(code) = visit.asked("code") else {
        let told = format!("Nobody was signed in: {} sent you back.", provider.name);
        return Ok(visit.redirect_with(&Flash::trouble(told), "/admin/login"));
    };
    let identity = match provider.finish(begun, code.to_owned()).await {
        Ok(identity) => identity,
        Err(error) => return Ok(unavailable(visit, &error)),
    };
    let store = &visit.state.store;
    let (issuer, subject) = (&provider.issuer, &identity.subject);
    let Some(role) = identity.role else {
        store.end_sessions_of_identity(issuer, subject).await?;
        let text = format!(
            "{} knows you, but none of your groups there opens this dashboard. Ask an administrator to put you into one.",
            provider.name
        );
        return Ok(refused(visit, StatusCode::FORBIDDEN, text));
    };
    let Some(person) = person(visit, &identity, role) else {
        let text = format!(
            "{} does not tell your email address, which this dashboard knows people by. Ask whoever looks after it.",
            provider.name
        );
        return Ok(refused(visit, StatusCode::FORBIDDEN, text));
    };
    let id = match store.person_of_identity(issuer, subject, &person).await? {
        Ok(id) => id,
        Err(PeopleRefusal::Removed) => {
            let text = format!(
                "An administrator has removed you here. {} calls you {subject}: with that an administrator can let you in again, under People and roles.",
                provider.name
            );
            return Ok(refused(visit, StatusCode::FORBIDDEN, text));
        }
        Err(_) => {
            let text = format!(
                "Somebody with the email {} signs in here in another way already. Sign in as before, or ask an administrator to remove that account first.",
                person.email
            );
            return Ok(refused(visit, StatusCode::CONFLICT, text));
        }
    };
    let person = store.person(id).await?.ok_or(Refused::NotFound)?;
    sign_in(visit, &person, PROVIDED_LIFE_MS, visit.redirect(&next)).await
}

/// What this browser began, if the provider answers just that, in time.
fn kept(visit: &Visit, request: &HttpRequest) -> Option<Kept> {
    let cookie = cookies::read(request, &visit.state, cookies::PROVIDER)?;
    let content = visit.state.signer.open(&cookie, PURPOSE)?;
    let kept: Kept = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(content).ok()?).ok()?;
    let is_in_time = (0..BEGUN_MS).contains(&(visit.now.millis() - kept.at));
    let is_this = visit.asked("state") == Some(kept.begun.state.as_str());
    (is_in_time && is_this).then_some(kept)
}

/// Who is added, should it be the first time.
fn person(visit: &Visit, identity: &Identity, role: Role) -> Option<Person> {
    let email = parse_email(identity.email.as_deref()?).ok()?;
    let name = identity.name.as_deref().map(parse_person_name);
    let name = match name {
        Some(Ok(name)) => name,
        _ => parse_person_name(email.split('@').next()?).ok()?,
    };
    Some(Person {
        id: PersonId::new(visit.state.clock.uuid()),
        email,
        name,
        role,
        has_second_factor: false,
        created_at: visit.now,
        last_login_at: None,
    })
}

fn provider(visit: &Visit) -> Result<&Provider, Refused> {
    visit.state.oidc.as_ref().ok_or(Refused::NotFound)
}

/// Why goes to the log; the page tells what to do.
fn unavailable(visit: &Visit, error: &OidcError) -> HttpResponse {
    tracing::warn!("nobody could be signed in by OpenID Connect: {error}");
    let name = visit
        .state
        .oidc
        .as_ref()
        .map_or("", |provider| &provider.name);
    let text = format!(
        "Signing in with {name} does not work right now. Try again in a moment, or sign in with a password if you have one here. If it stays so, the server's log says why.",
    );
    refused(visit, StatusCode::SERVICE_UNAVAILABLE, text)
}

fn refused(visit: &Visit, status: StatusCode, text: String) -> HttpResponse {
    let page = Page::new(visit, "You are not signed in", None);
    render(status, &RefusedPage { page, text })
}
