//! `/admin/…`: the dashboard, for people. Pages are rendered here and work without scripts; scripts only make them livelier.
//!
//! To add a page: a line in the table below, a handler, a template that extends `dashboard/base.html`.
//! The guard sees to who is asking, to the role and to the form's token, so that no handler can forget them.

use actix_web::body::BoxBody;
use actix_web::guard as guards;
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::{HttpRequest, ResponseError as _, web};

use crate::domain::person::Role;

mod account;
mod browsers;
pub mod chart;
mod confirm;
mod cookies;
pub mod entry;
pub mod flash;
pub mod form;
mod guard;
pub mod invitations;
mod links;
pub mod live;
mod login;
mod oidc;
mod once;
pub mod operator;
mod overview;
pub mod page;
pub mod paging;
mod password;
mod people;
mod person;
pub mod refused;
mod second_factor;
mod session;
pub mod session_rows;
mod sessions;
mod settings;
pub mod setup;
mod tags;
mod throttle;
mod timeline;
pub mod totals;
mod totp;
pub mod zone;

use refused::Refused;

/// Largest form, in bytes.
const FORM_MAX: usize = 256 * 1024;

/// Largest form with a file, in bytes: the largest logo, and the fields around it.
const FILE_FORM_MAX: usize = crate::share::logo::FILE_MAX + 64 * 1024;

/// Under which all pages are.
const ROOT: &str = "/admin";

/// A method and path of a page, and the role it needs; none: whoever asks.
pub type Line = (Method, &'static str, Option<Role>);

/// A line for each page: method, path below `/admin`, the least role (or `anyone`), handler.
macro_rules! pages {
    ($($method:ident $path:literal $need:ident => $($handler:ident)::+;)+) => {
        /// The table, to be read: each page's own guard is what holds.
        pub const LINES: &[Line] = &[$((Method::$method, concat!("/admin", $path), pages!(@need $need))),+];

        /// Adds the dashboard.
        pub fn routes(config: &mut web::ServiceConfig) {
            let scope = web::scope(ROOT)
                .default_service(web::to(nothing_here));
            // Each page is routed and guarded by one and the same resource: no way of writing an address parts the two.
            $(let scope = scope.service(
                web::resource($path)
                    .guard(pages!(@method $method))
                    .wrap(from_fn(|request, next: Next<BoxBody>| {
                        guard::guard(pages!(@need $need), request, next)
                    }))
                    .route(web::route().to($($handler)::+)),
            );)+
            config.service(scope.wrap(from_fn(guard::dress)));
        }
    };
    (@need anyone) => { None };
    (@need viewer) => { Some(Role::Viewer) };
    (@need editor) => { Some(Role::Editor) };
    (@need admin) => { Some(Role::Administrator) };
    (@method GET) => { guards::Any(guards::Get()).or(guards::Head()) };
    (@method POST) => { guards::Post() };
}

pages! {
    GET  "" viewer => overview::show;
    GET  "/" viewer => overview::show;

    GET  "/events" viewer => live::stream;

    GET  "/setup/{token}" anyone => setup::show;
    POST "/setup/{token}" anyone => setup::submit;
    GET  "/login" anyone => login::show;
    POST "/login" anyone => login::submit;
    GET  "/login/code" anyone => login::show_code;
    POST "/login/code" anyone => login::submit_code;
    GET  "/login/oidc" anyone => oidc::begin;
    GET  "/login/oidc/callback" anyone => oidc::finish;
    POST "/logout" viewer => login::leave;

    GET  "/links" viewer => links::list;
    GET  "/links/new" editor => links::new::ask;
    POST "/links/new" editor => links::new::create;
    GET  "/links/switch" editor => links::bulk::ask;
    POST "/links/switch" editor => links::bulk::apply;
    GET  "/links/{id}" viewer => links::link::show;
    GET  "/links/{id}/preview" viewer => links::preview::show;
    POST "/links/{id}/preview" viewer => links::preview::pressed;
    GET  "/links/{id}/edit" editor => links::change::ask;
    POST "/links/{id}/edit" editor => links::change::save;
    GET  "/links/{id}/activate" editor => links::change::ask_activate;
    POST "/links/{id}/activate" editor => links::change::activate;
    GET  "/links/{id}/deactivate" editor => links::change::ask_deactivate;
    POST "/links/{id}/deactivate" editor => links::change::deactivate;
    GET  "/links/{id}/delete" editor => links::change::ask_delete;
    POST "/links/{id}/delete" editor => links::change::delete;
    GET  "/links/{id}/integrate" viewer => links::integrate::show;
    GET  "/links/{id}/signing-secret" editor => links::integrate::ask_secret;
    POST "/links/{id}/signing-secret" editor => links::integrate::replace_secret;
    GET  "/links/{id}/share" viewer => links::share::show;
    POST "/links/{id}/share" viewer => links::share::poster;
    GET  "/links/{id}/send" viewer => links::send::show;
    POST "/links/{id}/send" editor => links::send::send;
    POST "/links/{id}/messages/{message}/retry" editor => links::send::retry;
    GET  "/links/{id}/qr.svg" viewer => links::share::qr_svg;
    GET  "/links/{id}/qr.png" viewer => links::share::qr_png;
    GET  "/links/{id}/poster.pdf" viewer => links::share::poster_pdf;
    GET  "/links/{id}/poster.png" viewer => links::share::poster_png;
    GET  "/presets" viewer => links::presets::list;
    GET  "/presets/new" editor => links::presets::ask_new;
    POST "/presets/new" editor => links::presets::add;
    GET  "/presets/{id}" editor => links::presets::ask_edit;
    POST "/presets/{id}" editor => links::presets::save;
    GET  "/presets/{id}/delete" editor => links::presets::ask_delete;
    POST "/presets/{id}/delete" editor => links::presets::delete;
    GET  "/invitations" viewer => invitations::list;
    GET  "/invitations/new" editor => invitations::new::ask;
    POST "/invitations/new" editor => invitations::new::create;
    GET  "/invitations/start" editor => invitations::start::ask;
    POST "/invitations/start" editor => invitations::start::start;
    GET  "/invitations/import" editor => invitations::import::ask;
    POST "/invitations/import" editor => invitations::import::check;
    GET  "/invitations/import/{id}" editor => invitations::import::state;
    POST "/invitations/import/{id}" editor => invitations::import::run;
    GET  "/invitations/import/{id}/invitations.csv" editor => invitations::import::result;
    GET  "/invitations/{id}" viewer => invitations::invitation::show;
    POST "/invitations/{id}/send" editor => invitations::invitation::send;
    GET  "/invitations/{id}/withdraw" editor => invitations::invitation::ask_withdraw;
    POST "/invitations/{id}/withdraw" editor => invitations::invitation::withdraw;
    GET  "/campaigns" viewer => invitations::campaign::list;
    GET  "/campaigns/{id}" viewer => invitations::campaign::show;
    GET  "/campaigns/{id}/invitations.csv" viewer => invitations::table;
    GET  "/campaigns/{id}/remind" editor => invitations::campaign::ask_remind;
    POST "/campaigns/{id}/remind" editor => invitations::campaign::remind;
    POST "/campaigns/{id}/retry" editor => invitations::campaign::retry;
    GET  "/sessions" viewer => sessions::list;
    GET  "/sessions.csv" viewer => sessions::export;
    GET  "/sessions/{id}" viewer => session::show;
    GET  "/sessions/{id}/row" viewer => session_rows::fragment;
    GET  "/sessions/{id}/story" viewer => session::fragment;
    POST "/sessions/{id}/ask" editor => session::ask;
    GET  "/sessions/{id}/erase" editor => session::ask_erase;
    POST "/sessions/{id}/erase" editor => session::erase;

    GET  "/settings" viewer => account::settings;
    GET  "/settings/account" viewer => account::show;
    POST "/settings/account/name" viewer => account::rename;
    POST "/settings/account/zone" viewer => account::choose_zone;
    POST "/settings/account/password" viewer => password::change_own;
    POST "/settings/account/browsers/others/end" viewer => account::end_others;
    POST "/settings/account/browsers/{id}/end" viewer => account::end_browser;
    GET  "/settings/account/second-factor" viewer => second_factor::show;
    POST "/settings/account/second-factor" viewer => second_factor::turn_on;
    GET  "/settings/account/second-factor/codes" viewer => second_factor::ask_codes;
    POST "/settings/account/second-factor/codes" viewer => second_factor::renew_codes;
    GET  "/settings/account/second-factor/off" viewer => second_factor::ask_off;
    POST "/settings/account/second-factor/off" viewer => second_factor::turn_off;

    GET  "/settings/people" admin => people::list;
    GET  "/settings/people/new" admin => people::ask_new;
    POST "/settings/people/new" admin => people::add;
    POST "/settings/people/removed/{id}" admin => person::let_in;
    GET  "/settings/people/{id}" admin => person::show;
    POST "/settings/people/{id}" admin => person::change;
    GET  "/settings/people/{id}/password" admin => password::ask_reset;
    POST "/settings/people/{id}/password" admin => password::reset;
    GET  "/settings/people/{id}/remove" admin => person::ask_remove;
    POST "/settings/people/{id}/remove" admin => person::remove;

    GET  "/settings/keys" admin => settings::keys::list;
    GET  "/settings/keys/new" admin => settings::keys::ask_new;
    POST "/settings/keys/new" admin => settings::keys::add;
    GET  "/settings/keys/{id}/revoke" admin => settings::keys::ask_revoke;
    POST "/settings/keys/{id}/revoke" admin => settings::keys::revoke;

    GET  "/settings/endpoints" admin => settings::endpoints::list;
    GET  "/settings/endpoints/new" admin => settings::endpoints::ask_new;
    POST "/settings/endpoints/new" admin => settings::endpoints::add;
    GET  "/settings/endpoints/{id}" admin => settings::endpoint::show;
    GET  "/settings/endpoints/{id}/change" admin => settings::endpoint::ask_change;
    POST "/settings/endpoints/{id}/change" admin => settings::endpoint::change;
    POST "/settings/endpoints/{id}/test" admin => settings::endpoint::test;
    POST "/settings/endpoints/{id}/enable" admin => settings::endpoint::enable;
    GET  "/settings/endpoints/{id}/disable" admin => settings::endpoint::ask_disable;
    POST "/settings/endpoints/{id}/disable" admin => settings::endpoint::disable;
    GET  "/settings/endpoints/{id}/rotate" admin => settings::endpoint::ask_rotate;
    POST "/settings/endpoints/{id}/rotate" admin => settings::endpoint::rotate;
    GET  "/settings/endpoints/{id}/delete" admin => settings::endpoint::ask_delete;
    POST "/settings/endpoints/{id}/delete" admin => settings::endpoint::delete;
    POST "/settings/endpoints/{id}/retry" admin => settings::endpoint::retry_failed;
    GET  "/settings/endpoints/{id}/deliveries/{delivery}" admin => settings::deliveries::show;
    POST "/settings/endpoints/{id}/deliveries/{delivery}/retry" admin => settings::deliveries::retry;

    GET  "/settings/messages" admin => settings::messages::list;
    GET  "/settings/messages/{channel}/{language}" admin => settings::messages::ask;
    POST "/settings/messages/{channel}/{language}" admin => settings::messages::save;
    GET  "/settings/messages/{channel}/{language}/default" admin => settings::messages::ask_default;
    POST "/settings/messages/{channel}/{language}/default" admin => settings::messages::use_default;

    GET  "/settings/audit" admin => settings::audit::list;
    GET  "/settings/audit.csv" admin => settings::audit::export;
    GET  "/settings/in-force" admin => settings::in_force::show_all;
    GET  "/settings/sandbox" admin => settings::sandbox::show;
    POST "/settings/sandbox" admin => settings::sandbox::set;
}

async fn nothing_here(_: HttpRequest) -> actix_web::HttpResponse {
    Refused::NotFound.error_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_way_in_is_open_to_anyone_and_every_change_is_posted() {
        for (_, path, role) in LINES {
            let is_way_in = path.starts_with("/admin/setup/") || path.starts_with("/admin/login");
            assert_eq!(role.is_none(), is_way_in, "{path}");
        }
    }
}
