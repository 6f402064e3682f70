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
    lines(HttpResponse::Ok(), "process", true)
}

/// Tells whether the gateway can work.
///
/// A JSON object a line, a line for each check. Send it no traffic while it answers 503.
#[utoipa::path(get, path = "/health/ready", operation_id = "ready", tag = "Health",
    responses(
        (status = 200, description = "All checks passed.", body = HealthCheck),
        (status = 503, description = "A check failed.", body = HealthCheck)))]
pub(super) async fn ready(state: web::Data<State>) -> HttpResponse {
    if state.is_stopping() {
        return lines(HttpResponse::ServiceUnavailable(), "process", false);
    }
    let answer = tokio::time::timeout(READY_BUDGET, state.store.ping()).await;
    if let Ok(Ok(())) = answer {
        return lines(HttpResponse::Ok(), "database", true);
    }
    if let Ok(Err(error)) = answer {
        tracing::warn!("not ready: {error}");
    }
    lines(HttpResponse::ServiceUnavailable(), "database", false)
}

/// One JSON object a line, a line a check.
fn lines(mut response: actix_web::HttpResponseBuilder, check: &str, passed: bool) -> HttpResponse {
    let status = if passed { "ok" } else { "failed" };
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("application/json")
        .body(format!(
            "{{\"check\":\"{check}\",\"status\":\"{status}\"}}\n"
        ))
}

async fn metrics(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(state.metrics.render())
}
