//! What those who run the gateway look at: health and metrics.

use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use super::api::schemas::HealthCheck;
use super::{State, get_or_head};

/// How long the database may take to answer a readiness check.
const READY_BUDGET: Duration = Duration::from_secs(2);

/// `/health/live`, `/health/ready` and, unless it has a listener of its own, `/metrics`.
pub fn routes(config: &mut web::ServiceConfig, serves_metrics: bool) {
    config
        .service(get_or_head("/health/live", live))
        .service(get_or_head("/health/ready", ready));
    if serves_metrics {
        config.configure(metrics_route);
    }
}

/// `/metrics` alone.
pub fn metrics_route(config: &mut web::ServiceConfig) {
    config.service(get_or_head("/metrics", metrics));
}

/// Tells whether the process runs.
#[utoipa::path(get, path = "/health/live", operation_id = "live", tag = "Health",
    responses((status = 200, description = "It runs.", body = HealthCheck)))]
pub(super) async fn live() -> HttpResponse {
    told(HttpResponse::Ok(), live_text())
}

/// What a gateway answers there.
#[must_use]
pub fn live_text() -> String {
    lines(&[HealthCheck::new("process", true)])
}

/// Tells whether the gateway can work.
///
/// A JSON object a line, a line for each check. Send it no traffic while it answers 503.
#[utoipa::path(get, path = "/health/ready", operation_id = "ready", tag = "Health",
    responses(
        (status = 200, description = "The gateway can work. That iDenfy fails is told, and is no reason to send it no traffic.", body = HealthCheck),
        (status = 503, description = "A check failed.", body = HealthCheck)))]
pub(super) async fn ready(state: web::Data<State>) -> HttpResponse {
    if state.is_stopping() {
        let check = HealthCheck::new("process", false);
        return told(HttpResponse::ServiceUnavailable(), lines(&[check]));
    }
    let answer = tokio::time::timeout(READY_BUDGET, state.store.ping()).await;
    if let Ok(Err(error)) = &answer {
        state.store.outage.met("not ready", error);
    }
    let is_ready = matches!(answer, Ok(Ok(())));
    let faults: Vec<&str> = state.health.faults().iter().map(|f| f.as_str()).collect();
    let idenfy = HealthCheck {
        detail: (!faults.is_empty()).then(|| faults.join(", ")),
        ..HealthCheck::new("idenfy", faults.is_empty())
    };
    let checks = [HealthCheck::new("database", is_ready), idenfy];
    // Without iDenfy there is still much to be served: dead links' pages, open sessions, the API.
    if is_ready {
        told(HttpResponse::Ok(), lines(&checks))
    } else {
        told(HttpResponse::ServiceUnavailable(), lines(&checks))
    }
}

/// One JSON object a line, a line a check.
fn lines(checks: &[HealthCheck]) -> String {
    let lines = checks
        .iter()
        .map(|check| serde_json::to_string(check).unwrap_or_default() + "\n");
    lines.collect()
}

fn told(mut response: actix_web::HttpResponseBuilder, lines: String) -> HttpResponse {
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("application/json")
        .body(lines)
}

async fn metrics(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(state.metrics.render())
}
