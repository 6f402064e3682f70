//! The dashboard's cookies.
//!
//! Over https their names begin with `__Host-`, so that no neighbouring host can set them. Browsers refuse such names
//! without `Secure`, and `Secure` cookies over plain http: there, which is for trying it out on one machine, the names are
//! plain.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use crate::web::State;

/// What signs a browser in.
pub(super) const SESSION: &str = "entrypass";
/// What binds the forms of a browser that is not signed in.
pub(super) const FORMS: &str = "entrypass-forms";
/// Who has given the password and owes the code.
pub(super) const PENDING: &str = "entrypass-pending";
/// What was begun at the identity provider.
pub(super) const PROVIDER: &str = "entrypass-provider";
/// What the next page tells.
pub(super) const FLASH: &str = "entrypass-flash";
/// The time zone that was chosen under "Your account".
pub(super) const CHOSEN_ZONE: &str = "entrypass-chosen-zone";
/// The browser's time zone; set by the page's script.
pub(super) const ZONE: &str = "entrypass-zone";

/// The value of a cookie of the gateway's own. Its name is taken as the browser wrote it: browsers keep `__Host-` names
/// that are written otherwise, with percent signs, from nobody.
pub(super) fn read(request: &HttpRequest, state: &State, name: &str) -> Option<String> {
    let cookie = request.cookie_raw(&full_name(state, name))?;
    Some(cookie.value().to_owned())
}

/// The time zone's cookie, which the script sets by its plain name.
pub(super) fn read_zone(request: &HttpRequest) -> Option<String> {
    request.cookie(ZONE).map(|cookie| cookie.value().to_owned())
}

/// A cookie to be kept for so many milliseconds.
pub(super) fn make(state: &State, name: &str, value: &str, life_ms: i64) -> Cookie<'static> {
    Cookie::build(full_name(state, name), value.to_owned())
        .path("/")
        .http_only(true)
        .secure(is_secure(state))
        .same_site(SameSite::Lax)
        .max_age(Duration::milliseconds(life_ms))
        .finish()
}

/// Takes a cookie from the browser.
pub(super) fn drop(state: &State, name: &str) -> Cookie<'static> {
    let mut cookie = make(state, name, "", 0);
    cookie.make_removal();
    cookie
}

fn full_name(state: &State, name: &str) -> String {
    if is_secure(state) {
        format!("__Host-{name}")
    } else {
        name.to_owned()
    }
}

fn is_secure(state: &State) -> bool {
    state.public_url.starts_with("https://")
}
