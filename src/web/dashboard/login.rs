//! Signing in, with a code where one is asked for, and out.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use askama::Template;
use url::Url;

use super::entry::sign_in_with;
use super::flash::Flash;
use super::form::Form;
use super::operator::{Operator, Visit, with_cookies};
use super::page::{Page, render, show as show_page};
use super::refused::{Answer, Refused};
use super::{ROOT, cookies, totp};
use crate::domain::audit::Actor;
use crate::domain::id::PersonId;
use crate::domain::person::fold_email;
use crate::domain::secret::Secret;
use crate::store::people_entry::Lock;

/// How long one may take to find the code, in milliseconds: 10 minutes.
const PENDING_MS: i64 = 10 * 60_000;

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
    form: Form,
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
    let lock = match opened(&visit, &email, password).await {
        Ok(Opened::Right(lock)) => lock,
        Ok(Opened::Wrong(id)) => {
            tell_refused(&visit, id);
            return Ok(wrong(&visit, form));
        }
        Err(refused) => {
            door.throttle.give_back(&attempt);
            return Err(refused);
        }
    };
    door.throttle.was_right(&attempt);
    if lock.totp_secret.is_none() {
        let entered = enter(&visit, &lock, &next).await?;
        return Ok(entered.unwrap_or_else(|| wrong(&visit, form)));
    }
    let token = Secret::new(nanoid::nanoid!(43));
    let ends_at = visit.now.plus_millis(PENDING_MS);
    let store = &visit.state.store;
    store
        .begin_sign_in(&lock, &token, visit.now, ends_at)
        .await?;
    let cookie = cookies::make(&visit.state, cookies::PENDING, token.expose(), PENDING_MS);
    Ok(with_cookies(
        visit.redirect(&address_with("/admin/login/code", &next)),
        &[cookie],
    ))
}

/// What became of an email and a password.
enum Opened {
    /// They are right.
    Right(Lock),
    /// They are not; names the person of the email.
    Wrong(Option<PersonId>),
}

async fn opened(visit: &Visit, email: &str, password: Secret) -> Result<Opened, Refused> {
    let lock = visit.state.store.lock_of_email(email).await?;
    let hash = lock.as_ref().and_then(|lock| lock.password_hash.clone());
    let door = &visit.state.dashboard;
    let is_right = door.is_password(password, hash, visit.address).await?;
    Ok(match lock {
        Some(lock) if is_right => Opened::Right(lock),
        lock => Opened::Wrong(lock.map(|lock| lock.id)),
    })
}

/// Which of the two it is, is not told.
fn wrong(visit: &Visit, form: Form) -> HttpResponse {
    let trouble = "Email or password is not right.".to_owned();
    let page = login_page(visit, form, Some(trouble), false);
    render(StatusCode::UNAUTHORIZED, &page)
}

/// Notes a refused sign-in once it is answered: how long the answer takes does not tell whether the person is there.
fn tell_refused(visit: &Visit, id: Option<PersonId>) {
    let Some(id) = id else { return };
    let (state, now, address) = (visit.state.clone(), visit.now, visit.address);
    visit.state.spawn(async move {
        let store = state
            .store
            .acting(&state.clock, Actor::System, Some(address));
        if let Err(error) = store.note_refused(id, now).await {
            let what = "a refused sign-in could not be noted";
            state.store.outage.met(what, &error);
        }
    });
}

pub(super) async fn show_code(visit: Visit, request: actix_web::HttpRequest) -> Answer {
    let next = next(visit.asked("next").unwrap_or_default());
    match pending(&visit, &request).await? {
        Some(_) => Ok(show_page(&code_page(&visit, Form::default(), next, None))),
        None => Ok(begin_again(&visit)),
    }
}

pub(super) async fn submit_code(
    visit: Visit,
    mut form: Form,
    request: actix_web::HttpRequest,
) -> Answer {
    let next = next(form.value("next"));
    let Some((token, lock, secret)) = pending(&visit, &request).await? else {
        return Ok(begin_again(&visit));
    };
    let door = &visit.state.dashboard;
    let (person, address, now) = (lock.id.to_string(), visit.address, visit.now);
    let is_recovery = totp::is_recovery_code(form.value("code"));
    let attempt = if is_recovery {
        door.throttle.begin_recovery(&person, address, now)
    } else {
        door.throttle
            .begin_code(&person, address, lock.wrong_codes, now)
    };
    let attempt = match attempt {
        Ok(attempt) => attempt,
        Err(seconds) => {
            let page = code_page(&visit, Form::default(), next, Some(too_often(seconds)));
            return Ok(wait(seconds, render(StatusCode::TOO_MANY_REQUESTS, &page)));
        }
    };
    let is_right = match is_code(&visit, lock.id, &secret, form.value("code")).await {
        Ok(is_right) => is_right,
        Err(refused) => {
            door.throttle.give_back(&attempt);
            return Err(refused);
        }
    };
    let store = &visit.state.store;
    if !is_right {
        tell_refused(&visit, Some(lock.id));
        if !is_recovery {
            store.count_wrong_code(lock.id, &token).await?;
        }
        form.take("code");
        let told = "is not right, or was used before; wait for the next one";
        form.wrong("code", told);
        let page = code_page(&visit, form, next, None);
        return Ok(render(StatusCode::UNAUTHORIZED, &page));
    }
    door.throttle.was_right(&attempt);
    store.end_begun_sign_in(&token).await?;
    let entered = enter(&visit, &lock, &next).await?;
    Ok(entered.unwrap_or_else(|| begin_again(&visit)))
}

/// Takes a code of the app, or a recovery code.
async fn is_code(
    visit: &Visit,
    id: PersonId,
    secret: &Secret,
    code: &str,
) -> Result<bool, Refused> {
    let store = &visit.state.store;
    if let Some(step) = totp::step(secret, code, visit.now) {
        return Ok(store.take_totp_step(id, step).await?);
    }
    let Some(person) = store.person(id).await? else {
        return Ok(false);
    };
    let store = visit.store_of(&person);
    Ok(store.take_recovery_code(id, &totp::tidy_code(code)).await?)
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

/// Signs in with the password that `lock` was opened with; none: it is another by now.
async fn enter(visit: &Visit, lock: &Lock, next: &str) -> Result<Option<HttpResponse>, Refused> {
    let Some(person) = visit.state.store.person(lock.id).await? else {
        return Ok(None);
    };
    let hash = lock.password_hash.as_deref();
    sign_in_with(visit, &person, hash, visit.redirect(next)).await
}

/// Who has given the password and owes a code, the cookie that says so, and what the code is held against.
async fn pending(
    visit: &Visit,
    request: &actix_web::HttpRequest,
) -> Result<Option<(Secret, Lock, Secret)>, Refused> {
    let Some(token) = cookies::read(request, &visit.state, cookies::PENDING) else {
        return Ok(None);
    };
    let token = Secret::new(token);
    let store = &visit.state.store;
    let lock = store.begun_sign_in(&token, visit.now).await?;
    Ok(lock.and_then(|lock| {
        let secret = Secret::new(lock.totp_secret.clone()?);
        Some((token, lock, secret))
    }))
}

fn begin_again(visit: &Visit) -> HttpResponse {
    let flash = Flash::trouble("That took too long, or was wrong too often. Sign in again.");
    visit.redirect_with(&flash, "/admin/login")
}

/// Where to go once signed in: a page of the dashboard and nothing else.
pub(super) fn next(asked: &str) -> String {
    let is_ours = asked
        .strip_prefix(ROOT)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_way_in = asked.starts_with("/admin/login") || asked.starts_with("/admin/setup");
    let is_plain = asked.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    // Browsers resolve `..`, written out or as `%2e`, before they ask.
    let stays = Url::parse("http://x").and_then(|base| base.join(asked));
    let stays = stays.is_ok_and(|url| asked.split(['?', '#']).next() == Some(url.path()));
    if is_ours && is_plain && stays && !is_way_in {
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

fn code_page(visit: &Visit, form: Form, next: String, trouble: Option<String>) -> CodePage {
    CodePage {
        page: Page::new(visit, "Enter your code", None),
        form,
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
            "/admin/../berlin-fair",
            "/admin/%2e%2E/berlin-fair",
            "/admin/links/../../berlin-fair?x",
        ] {
            assert_eq!(next(bad), "/admin", "{bad}");
        }
    }
}
