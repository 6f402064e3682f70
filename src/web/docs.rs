//! The API's description, for programs (`/openapi.json`) and for people (`/docs`). Both are made when they are
//! first asked for, as few servers ever are, and kept.

use std::sync::LazyLock;

use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};

use super::api::openapi;
use super::assets::Kept;
use super::{State, banner, get_or_head};

mod page;
mod schema;
pub(super) mod text;

/// Constant for a program, so not carried in the state.
static DOCUMENT: LazyLock<Kept> =
    LazyLock::new(|| Kept::new("application/json", Bytes::from(openapi::json())));

static PAGE: LazyLock<Kept> = LazyLock::new(|| keep(render()));

/// The same in the sandbox.
static SANDBOX_PAGE: LazyLock<Kept> = LazyLock::new(|| keep(banner::marked(&render())));

/// Serves `/openapi.json` and `/docs`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(get_or_head("/openapi.json", document))
        .service(get_or_head("/docs", page));
}

async fn document(request: HttpRequest) -> HttpResponse {
    DOCUMENT.answer(&request)
}

async fn page(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    if state.sandbox.is_some() {
        SANDBOX_PAGE.answer(&request)
    } else {
        PAGE.answer(&request)
    }
}

fn render() -> String {
    page::render(&serde_json::to_value(openapi::document()).expect("text keys only"))
}

fn keep(page: String) -> Kept {
    Kept::new("text/html; charset=utf-8", Bytes::from(page))
}
