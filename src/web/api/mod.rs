//! The REST API.

use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};

use super::problem::Problem;

pub mod answer;
pub mod caller;
pub mod fields;
pub mod idempotent;
pub mod keys;
pub mod link_input;
pub mod links;
pub mod paging;
pub mod sessions;

/// Largest body of a request, in bytes.
pub const BODY_MAX: usize = 1024 * 1024;

/// `/api/v1/…`
pub fn routes(config: &mut web::ServiceConfig) {
    let v1 = web::scope("/api/v1")
        .app_data(web::PayloadConfig::new(BODY_MAX))
        .service(
            resource("/links")
                .route(web::get().to(links::list))
                .route(web::post().to(links::create)),
        )
        .service(
            resource("/links/{id}")
                .route(web::get().to(links::get))
                .route(web::patch().to(links::patch))
                .route(web::delete().to(links::delete)),
        )
        .service(resource("/links/{id}/deactivate").route(web::post().to(links::deactivate)))
        .service(resource("/links/{id}/activate").route(web::post().to(links::activate)))
        .service(resource("/links/{id}/sessions").route(web::get().to(links::sessions)))
        .service(
            resource("/sessions")
                .route(web::get().to(sessions::list))
                .route(web::post().to(sessions::create)),
        )
        .service(
            resource("/sessions/{id}")
                .route(web::get().to(sessions::get))
                .route(web::delete().to(sessions::delete)),
        )
        .service(
            resource("/keys")
                .route(web::get().to(keys::list))
                .route(web::post().to(keys::create)),
        )
        .service(
            resource("/keys/{id}")
                .route(web::get().to(keys::get))
                .route(web::delete().to(keys::delete)),
        )
        .default_service(web::to(nothing_here));
    config.service(v1);
    // Nothing below `/api` is a link's URL or a page.
    config.service(web::scope("/api").default_service(web::to(nothing_here)));
}

fn resource(path: &str) -> actix_web::Resource {
    web::resource(path).default_service(web::to(method_not_allowed))
}

async fn nothing_here() -> HttpResponse {
    Problem::NotFound.error_response()
}

async fn method_not_allowed(_: HttpRequest) -> HttpResponse {
    Problem::MethodNotAllowed.error_response()
}
