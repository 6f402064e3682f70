//! Signing in, with a code where one is asked for, and out.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use askama::Template;
use sha2::{Digest as _, Sha256};

use super::entry::sign_in;
use super::flash::Flash;
use super::form::Form;
use super::operator::{Operator, Visit, with_cookies};
use super::page::{Page, render, show as show_page};
use super::refused::{Answer, Refused};
use super::{ROOT, cookies, totp};
use crate::domain::id::PersonId;
use crate::domain::person::fold_email;
use crate::domain::secret::Secret;
use crate::store::people_entry::Lock;

/// How long one may take to find the code, in milliseconds: 10 minutes.
const PENDING_MS: i64 = 10 * 60_000;

/// Signed along with who owes a code.
const PURPOSE: &str = "pending";

#[derive(Template)]
#[template(path = "dashboard/login.html")]
struct LoginPage {
    page: Page,
    form: Form,
    /// What is wrong with all of it.
    trouble: Option<String>,
    /// Whether there is nobody who could sign in.
    is_empty: bool,
    /// The identity provider one can sign in with, and where.
    provider: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "dashboard/login_code.html")]
struct CodePage {
    page: Page,
    trouble: Option<String>,
    next: String,
}

pub(super) async fn show(visit: Visit) -> Answer {
    let next = next(visit.asked("next").unwrap_or_default());
    if visit.signed_in.is_some() {
        return Ok(visit.redirect(&next));
    }
    let is_empty = visit.state.store.people(None, 1).await?.is_empty();
    let form = Form::of(&[("next", &next)]);
    Ok(show_page(&login_page(&visit, form, None, is_empty)))
}

pub(super) async fn submit(visit: Visit, mut form: Form) -> Answer {
    let (email, next) = (form.value("email").to_owned(), next(form.value("next")));
    let password = Secret::new(form.take("password").unwrap_or_default());
    let door = &visit.state.dashboard;
    let attempt = match door
        .throttle
        .begin(&fold_email(&email), visit.address, visit.now)
    {
        Ok(attempt) => attempt,
        Err(seconds) => {
            let page = login_page(&visit, form, Some(too_often(seconds)), false);
            return Ok(wait(seconds, render(StatusCode::TOO_MANY_REQUESTS, &page)));
        }
    };
    let lock = visit.state.store.lock_of_email(&email).await?;
    let hash = lock.as_ref().and_then(|lock| lock.password_hash.clone());
    let is_right = door.is_password(password, hash).await?;
    let Some(lock) = lock.filter(|_| is_right) else {
        // Which of the two it is, is not told.
        let trouble = "Email or password is not right.".to_owned();
        let page = login_page(&visit, form, Some(trouble), false);
        return Ok(render(StatusCode::UNAUTHORIZED, &page));
    };
    door.throttle.was_right(&attempt);
    if lock.totp_secret.is_none() {
        return enter(&visit, lock.id, &next).await;
    }
    let content = format!("{}.{}.{}", lock.id, visit.now.millis(), mark(&lock));
    let pending = visit.state.signer.seal(&content, PURPOSE);
    let cookie = cookies::make(&visit.state, cookies::PENDING, &pending, PENDING_MS);
    Ok(with_cookies(
        visit.redirect(&address_with("/admin/login/code", &next)),
        &[cookie],
    ))
}

pub(super) async fn show_code(visit: Visit, request: actix_web::HttpRequest) -> Answer {
    let next = next(visit.asked("next").unwrap_or_default());
    match pending(&visit, &request).await? {
        Some(_) => Ok(show_page(&code_page(&visit, next, None))),
        None => Ok(begin_again(&visit)),
    }
}

pub(super) async fn submit_code(
    visit: Visit,
    form: Form,
    request: actix_web::HttpRequest,
) -> Answer {
    let next = next(form.value("next"));
    let Some((id, secret)) = pending(&visit, &request).await? else {
        return Ok(begin_again(&visit));
    };
    let door = &visit.state.dashboard;
    let attempt = match door.throttle.begin_code(&id.to_string(), visit.now) {
        Ok(attempt) => attempt,
        Err(seconds) => {
            let page = code_page(&visit, next, Some(too_often(seconds)));
            return Ok(wait(seconds, render(StatusCode::TOO_MANY_REQUESTS, &page)));
        }
    };
    let (code, store) = (form.value("code"), &visit.state.store);
    let is_right = match totp::step(&secret, code, visit.now) {
        Some(step) => store.take_totp_step(id, step).await?,
        None => store.take_recovery_code(id, &totp::tidy_code(code)).await?,
    };
    if !is_right {
        let trouble = "This code is not right, or was used before. Wait for the next one.";
        let page = code_page(&visit, next, Some(trouble.to_owned()));
        return Ok(render(StatusCode::UNAUTHORIZED, &page));
    }
    door.throttle.was_right(&attempt);
    enter(&visit, id, &next).await
}

pub(super) async fn leave(operator: Operator) -> Answer {
    let store = &operator.state.store;
    store
        .end_browser_session(operator.person.id, operator.session.id)
        .await?;
    let answer = operator.redirect_with(&Flash::done("You are signed out."), "/admin/login");
    let cookie = cookies::drop(&operator.state, cookies::SESSION);
    Ok(with_cookies(answer, &[cookie]))
}

async fn enter(visit: &Visit, id: PersonId, next: &str) -> Answer {
    let person = visit.state.store.person(id).await?;
    let person = person.ok_or_else(|| Refused::SignedOut(ROOT.to_owned()))?;
    sign_in(visit, &person, visit.redirect(next)).await
}

/// Who has given the password and owes a code, and what the code is held against.
async fn pending(
    visit: &Visit,
    request: &actix_web::HttpRequest,
) -> Result<Option<(PersonId, Secret)>, Refused> {
    let cookie = cookies::read(request, &visit.state, cookies::PENDING).unwrap_or_default();
    let mut parts = visit
        .state
        .signer
        .open(&cookie, PURPOSE)
        .into_iter()
        .flat_map(|c| c.split('.'));
    let id = parts.next().and_then(PersonId::parse);
    let at = parts.next().and_then(|at| at.parse::<i64>().ok());
    let (Some(id), Some(at), Some(marked)) = (id, at, parts.next()) else {
        return Ok(None);
    };
    if !(0..PENDING_MS).contains(&(visit.now.millis() - at)) {
        return Ok(None);
    }
    let lock = visit.state.store.lock_of(id).await?;
    // Not for a password that was changed meanwhile.
    let lock = lock.filter(|lock| mark(lock) == marked);
    Ok(lock.and_then(|lock| Some((id, Secret::new(lock.totp_secret?)))))
}

/// Stands for the password that was given.
fn mark(lock: &Lock) -> String {
    let hash = lock.password_hash.as_deref().unwrap_or_default();
    hex::encode(&Sha256::digest(hash)[..8])
}

fn begin_again(visit: &Visit) -> HttpResponse {
    let flash = Flash::trouble("That took too long. Sign in again.");
    visit.redirect_with(&flash, "/admin/login")
}

/// Where to go once signed in: a page of the dashboard and nothing else.
pub(super) fn next(asked: &str) -> String {
    let is_ours = asked
        .strip_prefix(ROOT)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_way_in = asked.starts_with("/admin/login") || asked.starts_with("/admin/setup");
    let is_plain = asked.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if is_ours && is_plain && !is_way_in {
        asked
    } else {
        ROOT
    }
    .to_owned()
}

/// An address that knows where to go once signed in.
fn address_with(path: &str, next: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("next", next)
        .finish();
    format!("{path}?{query}")
}

fn too_often(seconds: u32) -> String {
    let minutes = seconds.div_ceil(60);
    let s = if minutes == 1 { "" } else { "s" };
    format!("Too many wrong tries. Wait {minutes} minute{s} and try again.")
}

fn wait(seconds: u32, mut answer: HttpResponse) -> HttpResponse {
    let headers = answer.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    answer
}

fn login_page(visit: &Visit, form: Form, trouble: Option<String>, is_empty: bool) -> LoginPage {
    let provider = visit.state.oidc.as_ref();
    let way = address_with("/admin/login/oidc", form.value("next"));
    LoginPage {
        page: Page::new(visit, "Sign in", None),
        provider: provider.map(|provider| (provider.name.clone(), way)),
        form,
        trouble,
        is_empty,
    }
}

fn code_page(visit: &Visit, next: String, trouble: Option<String>) -> CodePage {
    CodePage {
        page: Page::new(visit, "Enter your code", None),
        trouble,
        next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_to_pages_of_the_dashboard_only() {
        for good in ["/admin", "/admin/links?q=a%20b", "/admin/settings/people"] {
            assert_eq!(next(good), good);
        }
        for bad in [
            "",
            "/",
            "//evil",
            "https://evil/",
            "/administrator",
            "/admin/\\evil",
            "/admin/login/code",
            "/admin/a\r\nb",
        ] {
            assert_eq!(next(bad), "/admin", "{bad}");
        }
    }
}
