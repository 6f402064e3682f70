//! Everything that is served: the one route table, and what all handlers share.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, Method};
use actix_web::middleware::DefaultHeaders;
use actix_web::{
    FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, ResponseError as _,
    guard, web,
};
use ipnet::IpNet;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::domain::secret::Secret;
use crate::domain::slug::Slug;
use crate::idenfy::health::Health;
use crate::messages::dispatch::Dispatch;
use crate::metrics::Metrics;
use crate::openings::Openings;
use crate::redeem::Redeemer;
use crate::store::Store;
use crate::webhooks::feed::Feed;

pub mod agents;
pub mod api;
pub mod assets;
pub mod banner;
pub mod button;
pub mod client_address;
pub mod dashboard;
pub mod docs;
pub mod event_stream;
pub mod hooks;
pub mod in_app;
pub mod limiter;
pub mod link_cache;
pub mod messages;
pub mod ops;
mod packing;
pub mod pages;
pub mod poster;
pub mod problem;
pub mod public;
pub mod signing;

use problem::Problem;

/// Largest body of a visitor's form, in bytes.
const FORM_MAX: usize = 16 * 1024;

/// Codes and posters that are drawn at the same time; others wait.
pub const DRAWN_AT_ONCE: usize = 1;

/// No scripts, nothing from elsewhere. `form-action` is left out: browsers apply it to the redirect that answers the
/// confirm page's form, which leads to iDenfy.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What the handlers share.
#[derive(Debug)]
pub struct State {
    /// All that is kept.
    pub store: Store,
    /// What messages to people are sent with.
    pub dispatch: Arc<Dispatch>,
    /// The time.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
    /// Whether iDenfy starts sessions.
    pub health: Health,
    /// Events as they come.
    pub feed: Feed,
    /// The bound on clicks from one address.
    pub limiter: limiter::Limiter,
    /// Terms of links clicked lately.
    pub links: link_cache::LinkCache,
    /// Pages that invited people opened.
    pub openings: Openings,
    /// Agents that look at links without being people.
    pub agents: agents::Agents,
    /// Files of people that wait to be invited.
    pub imports: dashboard::invitations::imports::Imports,
    /// What stands at the dashboard's door.
    pub dashboard: dashboard::entry::Entry,
    /// The identity provider that people may sign in with.
    pub oidc: Option<crate::oidc::Provider>,
    /// The settings in force, without secrets.
    pub settings: Vec<crate::config::InForce>,
    /// The embedded iDenfy, in the sandbox alone.
    pub sandbox: Option<crate::sandbox::Sandbox>,
    /// Signs nonces and cookies.
    pub signer: signing::Signer,
    /// Base of every link, without a slash at its end.
    pub public_url: String,
    /// Proxies whose word on the visitor's address is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// Signing key of iDenfy's webhooks.
    pub webhook_key: Option<Secret>,
    /// What came of all links together, as it was counted last.
    pub totals: dashboard::totals::Totals,
    /// Whether endpoints may be on plain http and in private networks.
    pub allow_private: bool,
    /// Leave to draw: what is drawn takes a core and some ten megabytes while it lasts.
    pub drawing: Arc<Semaphore>,
    /// Whether `/metrics` is served here, and not on a listener of its own.
    pub serves_metrics: bool,
    /// Whether the order to stop has come.
    pub stopping: AtomicBool,
    /// Tasks that must outlive the connection they came from, to be waited for at the end.
    pub tasks: TaskTracker,
}

impl State {
    /// Runs `task` to its end, whatever becomes of the connection it came from.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        actix_web::rt::spawn(self.tasks.track_future(task))
    }

    /// Whether the order to stop has come.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// The address of a link's page.
    #[must_use]
    pub fn url_of(&self, slug: &Slug) -> String {
        format!("{}/{}", self.public_url, slug.as_str())
    }
}

/// The route table of one worker, which starts sessions by a `redeemer` of its own. `sandbox` is there with `--sandbox`
/// only.
pub fn routes(
    state: &Arc<State>,
    redeemer: Redeemer,
    sandbox: Option<&crate::sandbox::Sandbox>,
) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let (state, sandbox) = (state.clone(), sandbox.cloned());
    move |config| {
        let serves_metrics = state.serves_metrics;
        config
            .app_data(web::Data::from(state))
            .app_data(web::Data::new(redeemer))
            .app_data(web::PayloadConfig::new(FORM_MAX));
        // Asked first and without a pattern, so that a click is held against none.
        let is_slug = guard::fn_guard(|ctx| {
            let path = ctx.head().uri.path();
            path.strip_prefix('/')
                .is_some_and(|slug| Slug::parse(slug).is_ok())
        });
        let clicks = web::scope("").guard(is_slug);
        config.service(clicks.default_service(web::to(public::visit)));
        config
            .configure(assets::routes)
            .configure(docs::routes)
            .configure(|c| ops::routes(c, serves_metrics));
        config.service(resource("/webhooks/idenfy", "POST").route(web::post().to(hooks::receive)));
        config.configure(messages::routes);
        config.configure(api::routes).configure(dashboard::routes);
        if let Some(sandbox) = sandbox {
            config.configure(crate::sandbox::routes(sandbox));
        }
        config.service(web::resource(["/{slug}", "/{slug}/"]).to(public::visit));
        config.default_service(web::to(nothing_here));
    }
}

/// A path that answers GET and HEAD.
fn get_or_head<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args> + Copy,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    // The server itself drops the body of an answer to HEAD.
    resource(path, "GET, HEAD")
        .route(web::get().to(handler))
        .route(web::head().to(handler))
}

/// A path to be given routes for the methods of `allow`; all others are told so.
fn resource(path: &str, allow: &'static str) -> Resource {
    let refused = move || async move { Problem::MethodNotAllowed(allow).error_response() };
    web::resource(path).default_service(web::to(refused))
}

/// Headers of every answer that sets none of its own.
#[must_use]
pub fn default_headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("X-Content-Type-Options", "nosniff"))
        .add(("Content-Security-Policy", CONTENT_SECURITY_POLICY))
}

/// Once the gateway is being stopped, each connection ends with the answer that is due on it: proxies keep theirs open
/// and would send clicks for ever. What went wrong with the database is told here, too.
///
/// # Errors
/// What the service answers.
pub fn finish<S, B>(
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<B>, actix_web::Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
{
    let answer = service.call(request);
    async move {
        let mut answer = answer.await?;
        let state = answer.request().app_data::<web::Data<State>>();
        let problem = answer.response().error().and_then(|e| e.as_error());
        if let (Some(state), Some(problem)) = (state, problem) {
            Problem::tell(problem, &state.store);
        }
        if state.is_some_and(|state| state.is_stopping()) {
            let head = answer.response_mut().head_mut();
            head.set_connection_type(ConnectionType::Close);
        }
        Ok(answer)
    }
}

async fn nothing_here(request: HttpRequest) -> HttpResponse {
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD);
    if is_page && !request.path().starts_with("/api/") {
        public::not_found(&request)
    } else {
        Problem::NotFound.error_response()
    }
}
