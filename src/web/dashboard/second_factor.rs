//! `/admin/settings/account/second-factor`: turning it on with an app, and off, and new recovery codes.

use askama::Template;

use super::account;
use super::entry::renew_session;
use super::flash::Flash;
use super::form::Form;
use super::operator::{Operator, with_cookies};
use super::page::{Page, Section, show as show_page, show_wrong};
use super::password::is_own;
use super::refused::{Answer, Refused};
use super::totp;
use crate::domain::secret::Secret;
use crate::share::qr::Code;

/// The field that carries the new secret, signed, until its first code is shown.
const SEALED: &str = "secret";

/// The field that tells which recovery codes are to be replaced: a form sent twice replaces them once.
const MARK: &str = "of";

#[derive(Template)]
#[template(path = "dashboard/second_factor.html")]
struct TurnOnPage {
    page: Page,
    form: Form,
    sealed: String,
    /// The secret in groups, to be typed.
    key: String,
    /// The address that apps open.
    address: String,
    /// How many modules the code has on a side, quiet zone included, and the path that draws the dark ones.
    side: usize,
    path: String,
}

#[derive(Template)]
#[template(path = "dashboard/second_factor_on.html")]
struct IsOnPage {
    page: Page,
    /// Whether it was on before, and the codes alone are new.
    was_on: bool,
    codes: Vec<Secret>,
}

#[derive(Template)]
#[template(path = "dashboard/second_factor_off.html")]
struct TurnOffPage {
    page: Page,
    form: Form,
}

#[derive(Template)]
#[template(path = "dashboard/second_factor_codes.html")]
struct CodesPage {
    page: Page,
    form: Form,
    /// Of the codes that are to be replaced.
    mark: String,
}

pub(super) async fn show(operator: Operator) -> Answer {
    let page = turn_on_page(&operator, &totp::fresh_secret(), Form::default())?;
    Ok(show_page(&page))
}

pub(super) async fn turn_on(mut operator: Operator, mut form: Form) -> Answer {
    let sealed = form.value(SEALED);
    let secret = operator.state.signer.open(sealed, &purpose(&operator));
    let secret = Secret::new(secret.ok_or(Refused::BadForm)?);
    let step = totp::step(&secret, form.value("code"), operator.now);
    if step.is_none() {
        form.wrong("code", "is not the one that the app shows now; check that the time of this device and of the server are right");
    }
    // Read before it is held against what was typed: another set meanwhile keeps nobody signed in.
    let lock = operator.state.store.lock_of(operator.person.id).await?;
    let is_own = is_own(&operator, &mut form, "current").await?;
    let Some(step) = step.filter(|_| is_own) else {
        return Ok(show_wrong(&turn_on_page(&operator, &secret, form)?));
    };
    let codes = totp::fresh_codes();
    let store = operator.store();
    let is_new = store
        .set_second_factor(operator.person.id, &secret, step, &codes)
        .await?;
    if !is_new {
        // The page of the codes was loaded again: those that were written down stay good.
        let told =
            "The second factor is on already, and the recovery codes that you were shown are good.";
        return Ok(operator.redirect_with(&Flash::done(told), account::ADDRESS));
    }
    let hash = lock.and_then(|lock| lock.password_hash).unwrap_or_default();
    let cookies = renew_session(&mut operator, &hash).await?;
    let page = below_account(operator.page("Your recovery codes", Section::Settings));
    let answer = show_page(&IsOnPage {
        page,
        was_on: false,
        codes,
    });
    Ok(with_cookies(answer, cookies.as_ref().map_or(&[], |c| c)))
}

pub(super) async fn ask_codes(operator: Operator) -> Answer {
    Ok(if operator.person.has_second_factor {
        show_page(&codes_page(&operator, Form::default()).await?)
    } else {
        operator.redirect(account::ADDRESS)
    })
}

pub(super) async fn renew_codes(operator: Operator, mut form: Form) -> Answer {
    if !operator.person.has_second_factor {
        return Ok(operator.redirect(account::ADDRESS));
    }
    if !is_own(&operator, &mut form, "current").await? {
        return Ok(show_wrong(&codes_page(&operator, form).await?));
    }
    let codes = totp::fresh_codes();
    let store = operator.store();
    let renewed = store.renew_recovery_codes(operator.person.id, form.value(MARK), &codes);
    if !renewed.await? {
        // The page of the codes was loaded again: those that were written down stay good.
        let told = "Nothing was changed: there are newer recovery codes already, which are not shown again. If you have not kept them, make new ones.";
        return Ok(operator.redirect_with(&Flash::trouble(told), account::ADDRESS));
    }
    Ok(show_page(&IsOnPage {
        page: below_account(operator.page("Your recovery codes", Section::Settings)),
        was_on: true,
        codes,
    }))
}

pub(super) async fn ask_off(operator: Operator) -> Answer {
    Ok(show_page(&turn_off_page(&operator, Form::default())))
}

pub(super) async fn turn_off(operator: Operator, mut form: Form) -> Answer {
    if !is_own(&operator, &mut form, "current").await? {
        return Ok(show_wrong(&turn_off_page(&operator, form)));
    }
    operator
        .store()
        .drop_second_factor(operator.person.id)
        .await?;
    let flash = Flash::done("The second factor is off. Only your password is asked for.");
    Ok(operator.redirect_with(&flash, account::ADDRESS))
}

fn turn_on_page(operator: &Operator, secret: &Secret, form: Form) -> Result<TurnOnPage, Refused> {
    let signer = &operator.state.signer;
    let address = totp::address(secret, &operator.person.email).ok_or(Refused::NotFound)?;
    let code = Code::of_text(&address).map_err(|_| Refused::NotFound)?;
    let letters: Vec<char> = secret.expose().chars().collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    Ok(TurnOnPage {
        page: below_account(operator.page("Turn on the second factor", Section::Settings)),
        form,
        sealed: signer.seal(secret.expose(), &purpose(operator)),
        key: groups.join(" "),
        address,
        side: code.side(),
        path: code.path(),
    })
}

async fn codes_page(operator: &Operator, form: Form) -> Result<CodesPage, Refused> {
    let store = &operator.state.store;
    Ok(CodesPage {
        page: below_account(operator.page("Make new recovery codes", Section::Settings)),
        mark: store.mark_of_recovery_codes(operator.person.id).await?,
        form,
    })
}

fn turn_off_page(operator: &Operator, form: Form) -> TurnOffPage {
    TurnOffPage {
        page: below_account(operator.page("Turn off the second factor", Section::Settings)),
        form,
    }
}

fn below_account(page: Page) -> Page {
    page.below("Settings", "/admin/settings")
        .below("Your account", account::ADDRESS)
}

/// The secret was offered to this person, in this browser.
fn purpose(operator: &Operator) -> String {
    format!("totp:{}", operator.session.id)
}
