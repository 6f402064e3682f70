//! stub
use std::time::Duration;
/// stub
pub struct Settings {
    pub api_key: String,
    pub api_secret: String,
    pub signing_key: String,
    pub public_base: String,
    pub webhook_url: String,
    pub review_delay: Duration,
}
/// stub
#[derive(Clone)]
pub struct Sandbox;
impl Sandbox {
    pub fn new(_: Settings, _: reqwest::Client) -> Self {
        Self
    }
}
pub fn routes(_: Sandbox) -> impl FnOnce(&mut actix_web::web::ServiceConfig) {
    |_| ()
}
