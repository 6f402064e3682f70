//! The REST API.

use actix_web::{HttpResponse, ResponseError as _, guard, web};

use super::problem::Problem;
use super::resource;

pub mod answer;
pub mod audit;
pub mod bounces;
pub mod bulk;
pub mod bulk_answer;
pub mod bulk_input;
pub mod bulk_made;
pub mod caller;
pub mod campaigns;
pub mod csv;
pub mod deliveries;
pub mod endpoint_document;
pub mod endpoints;
pub mod events;
pub mod exports;
pub mod fields;
pub mod idempotent;
pub mod invitation_document;
pub mod invitation_input;
pub mod invitation_schemas;
pub mod invitations;
pub mod invitations_csv;
pub mod keys;
pub mod link_document;
pub mod link_input;
pub mod links;
pub mod message_document;
pub mod messages;
pub mod openapi;
pub mod paging;
pub mod preset_input;
pub mod presets;
pub mod presets_known;
pub mod schemas;
pub mod session_document;
pub mod sessions;
pub mod share;
pub mod sheet;
pub mod signing;
pub mod stats;

/// Largest body of a request, in bytes, where the list of calls does not say otherwise.
pub const BODY_MAX: usize = 1024 * 1024;

/// What a call's method allows: whatever can be asked by GET can be by HEAD.
macro_rules! allowed {
    (get) => {
        "GET, HEAD"
    };
    (post) => {
        "POST"
    };
    (patch) => {
        "PATCH"
    };
    (put) => {
        "PUT"
    };
    (delete) => {
        "DELETE"
    };
}

/// The route of a call's method.
macro_rules! verbs {
    (get) => {
        web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
    };
    ($method:ident) => {
        web::$method()
    };
}

/// The one list of calls. What is routed is described: a handler here without `#[utoipa::path]` does not compile, and
/// a test compares the methods and paths. In brackets the largest body of a path, in bytes.
macro_rules! calls {
    ($($path:literal $(($body_max:expr))?: $($method:ident $module:ident::$handler:ident),+;)+) => {
        fn add_calls(scope: actix_web::Scope) -> actix_web::Scope {
            scope$(.service(
                resource($path, concat!($(allowed!($method), ", "),+).trim_end_matches(", "))
                    $(.app_data(web::PayloadConfig::new($body_max)))?
                    $(.route(verbs!($method).to($module::$handler)))+
            ))+
        }

        /// The descriptions of all calls.
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($($module::$handler),+),+))]
        struct Described;

        /// Method and path below `/api/v1` of every call.
        pub const CALLS: &[(&str, &str)] = &[$($((stringify!($method), $path)),+),+];
    };
}

calls! {
    "/links": get links::list, post links::create;
    "/links.csv": get exports::export_links;
    "/links/bulk" (bulk::BODY_MAX): post bulk::create;
    "/links/{id}": get links::get, patch links::patch, delete links::delete;
    "/links/{id}/deactivate": post links::deactivate;
    "/links/{id}/activate": post links::activate;
    "/links/{id}/signing-secret": post signing::replace;
    "/links/{id}/sessions": get links::sessions;
    "/links/{id}/stats": get stats::get;
    "/links/{id}/send": post messages::send;
    "/links/{id}/messages": get messages::list;
    "/messages/{id}": get messages::get;
    "/messages/{id}/retry": post messages::retry;
    "/bounces": post bounces::report;
    "/links/{id}/qr.svg": get share::qr_svg;
    "/links/{id}/qr.png": get share::qr_png;
    "/links/{id}/poster.pdf": get share::poster_pdf;
    "/links/{id}/poster.png": get share::poster_png;
    "/presets": get presets::list, post presets::create;
    "/presets/{id}": get presets::get, put presets::replace, delete presets::delete;
    "/invitations": get invitations::list, post invitations::create;
    "/invitations.csv": get invitations_csv::export;
    "/invitations/bulk" (bulk::BODY_MAX): post invitations::create_many;
    "/invitations/{id}": get invitations::get, delete invitations::delete;
    "/invitations/{id}/send": post invitations::send;
    "/campaigns": get campaigns::list;
    "/campaigns/{id}": get campaigns::get;
    "/campaigns/{id}/remind": post campaigns::remind;
    "/campaigns/{id}/retry": post campaigns::retry;
    "/sessions": get sessions::list, post sessions::create;
    "/sessions.csv": get exports::export_sessions;
    "/sessions/{id}": get sessions::get, delete sessions::delete;
    "/sessions/{id}/refresh": post sessions::refresh;
    "/events": get events::stream;
    "/audit": get audit::list;
    "/audit.csv": get audit::export;
    "/endpoints": get endpoints::list, post endpoints::create;
    "/endpoints/{id}": get endpoints::get, delete endpoints::delete;
    "/endpoints/{id}/rotate": post endpoints::rotate;
    "/endpoints/{id}/enable": post endpoints::enable;
    "/endpoints/{id}/test": post endpoints::test;
    "/endpoints/{id}/deliveries": get deliveries::list;
    "/endpoints/{id}/retry": post deliveries::retry_failed;
    "/endpoints/{id}/deliveries/{delivery_id}/retry": post deliveries::retry_of_endpoint;
    "/deliveries/{id}/retry": post deliveries::retry;
    "/keys": get keys::list, post keys::create;
    "/keys/{id}": get keys::get, delete keys::delete;
}

/// `/api/v1/…`
pub fn routes(config: &mut web::ServiceConfig) {
    let v1 = web::scope("/api/v1").app_data(web::PayloadConfig::new(BODY_MAX));
    config.service(add_calls(v1).default_service(web::to(nothing_here)));
    // Nothing below `/api` is a link's URL or a page.
    config.service(web::scope("/api").default_service(web::to(nothing_here)));
}

async fn nothing_here() -> HttpResponse {
    Problem::NotFound.error_response()
}
