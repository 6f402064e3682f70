//! The composition root: puts the parts together, starts them, and ends them in order.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use futures_util::future::select_all;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::asking::Asking;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::audit::Actor;
use crate::domain::secret::Secret;
use crate::erasing::Erasing;
use crate::idenfy::health::Health;
use crate::idenfy::{Client, ClientError};
use crate::lookup::Lookup;
use crate::messages::dispatch::Dispatch;
use crate::messages::outbox::Outbox;
use crate::metrics::Metrics;
use crate::oidc::Provider;
use crate::openings::Openings;
use crate::redeem::Redeemer;
use crate::store::{Store, StoreError};
use crate::sweep::Sweep;
use crate::web::{self, State};
use crate::webhooks::courier::Courier;
use crate::webhooks::feed::{Feed, Pace};
use crate::webhooks::outbound::Outbound;
use crate::webhooks::publisher::Publisher;

mod embedded;
mod servers;

use embedded::embed_sandbox;
use servers::{close, listen, serve, serve_metrics};

/// How long clicks in flight and their connections may take to end after the order to stop, in seconds: a mint's longest
/// budget and some more.
const SHUTDOWN_SECONDS: u64 = 65;

/// How long the database may take to close after that.
const CLOSING: Duration = Duration::from_secs(10);

/// How long those who take connections may need to hear that they pause; they do not tell when they have, and log
/// an error where a door closes on them.
const PAUSING: Duration = Duration::from_millis(250);

/// Why the gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The sandbox was started on the database of a real account.
    #[error("database.url: names the database of a real account, which the sandbox must not use")]
    NotSandboxes,
    /// The gateway was started on the sandbox's database.
    #[error("database.url: names a database of the sandbox; a real account needs one of its own")]
    Sandboxes,
    /// iDenfy cannot be called.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Endpoints cannot be called.
    #[error("cannot set up calls to endpoints: {0}")]
    Courier(#[from] reqwest::Error),
    /// The SMS provider cannot be called.
    #[error("cannot set up calls to sms.base_url: {0}")]
    Texter(reqwest::Error),
    /// The identity provider cannot be called.
    #[error("cannot set up calls to oidc.issuer: {0}")]
    Provider(reqwest::Error),
}

/// A gateway that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// What its handlers share.
    pub state: Arc<State>,
    servers: Vec<ServerHandle>,
    doors: Vec<TcpListener>,
    /// What goes on as long as the gateway does, by name.
    background: Vec<(&'static str, JoinHandle<()>)>,
    /// Tells what goes on that it is to come to its end.
    stop: CancellationToken,
}

/// Starts the gateway. With `sandbox` an iDenfy stand-in is embedded and used.
///
/// # Errors
/// Why it cannot start.
pub async fn start(mut config: Config, clock: Clock, sandbox: bool) -> Result<Running, StartError> {
    let (listener, address) = listen(config.server.listen)?;
    let public_url = config.server.public_base(address.port());
    let sandbox = sandbox.then(|| embed_sandbox(&mut config, &public_url, address));
    let store = open_store(&config, &clock, sandbox.is_some()).await?;
    let metrics = Metrics::new();
    let health = Health::new(clock.clone(), metrics.clone());
    let sweep = Sweep {
        store: store.clone(),
        clock: clock.clone(),
        health: health.clone(),
    };
    sweep.set_clock().await?;
    let secret = signing_secret(&config, &store).await?;
    let mut idenfy = Client::new(&config.idenfy, clock.clone())?;
    if let (Some(_), Ok(page)) = (&sandbox, Url::parse(&public_url)) {
        idenfy = idenfy.with_sandbox_page(page);
    }
    let lookup = Lookup::new(store.clone(), idenfy.clone(), clock.clone(), &config.idenfy);
    let courier = Courier::new(config.webhooks.allow_private, clock.clone())?;
    let outbound = Outbound::new(store.clone(), clock.clone(), metrics.clone(), courier);
    let dispatch = Arc::new(dispatch(&config, &store, &public_url).await?);
    let redeemer = Redeemer {
        lookup: lookup.clone(),
        store: store.clone(),
        idenfy,
        health: health.clone(),
        clock: clock.clone(),
        metrics: metrics.clone(),
        budget: Duration::from_millis(config.idenfy.timeout_ms),
        callback_url: config
            .idenfy
            .send_callback_url
            .then(|| format!("{public_url}/webhooks/idenfy")),
    };
    let feed = Feed::new(store.clone(), clock.clone(), Pace::default());
    let openings = Openings::new(store.clone(), clock.clone());
    let state = Arc::new(State {
        metrics,
        dispatch,
        feed: feed.clone(),
        health: health.clone(),
        limiter: web::limiter::Limiter::new(config.limits.clicks_per_minute_per_ip),
        links: web::link_cache::LinkCache::new(),
        openings: openings.clone(),
        agents: web::agents::Agents::new(),
        imports: web::dashboard::invitations::imports::Imports::default(),
        dashboard: web::dashboard::entry::Entry::default(),
        oidc: Provider::of(&config, &public_url, &clock).map_err(StartError::Provider)?,
        settings: config.in_force(),
        sandbox: sandbox.clone(),
        signer: web::signing::Signer::new(&secret),
        public_url,
        trusted_proxies: config.server.trusted_proxies.clone(),
        webhook_key: config.idenfy.webhook_key.clone(),
        totals: web::dashboard::totals::Totals::default(),
        allow_private: config.webhooks.allow_private,
        drawing: Arc::new(tokio::sync::Semaphore::new(web::DRAWN_AT_ONCE)),
        serves_metrics: config.server.metrics_listen.is_none(),
        tasks: TaskTracker::new(),
        stopping: AtomicBool::new(false),
        store: store.clone(),
        clock: clock.clone(),
    });
    let mut doors = vec![same(&listener, address)?];
    let (server, task) = serve(&state, &redeemer, sandbox, listener, config.server.workers)?;
    let mut servers = vec![server];
    let mut background = vec![("the server", task)];
    if let Some(address) = config.server.metrics_listen {
        let listener = listen(address)?.0;
        doors.push(same(&listener, address)?);
        let (server, task) = serve_metrics(&state, listener)?;
        servers.push(server);
        background.push(("the server of the metrics", task));
    }
    let asking = Asking::new(lookup.clone(), &config.idenfy);
    let erasing = Erasing {
        lookup,
        retention_days: config.retention.days,
    };
    background.push(("the sweep", tokio::spawn(sweep.run())));
    background.push((
        "the publisher",
        tokio::spawn(Publisher::new(store.clone()).run()),
    ));
    background.push(("the feed", tokio::spawn(feed.run())));
    background.push(("the noting of opened pages", tokio::spawn(openings.run())));
    background.push(("asking iDenfy again", tokio::spawn(asking.run())));
    background.push(("erasing at iDenfy", tokio::spawn(erasing.run())));
    let stop = CancellationToken::new();
    background.extend(start_sending(&state, outbound, &stop));
    Ok(Running {
        address,
        state,
        servers,
        doors,
        background,
        stop,
    })
}

/// The same listener once more, to close its door by.
fn same(listener: &TcpListener, address: SocketAddr) -> Result<TcpListener, StartError> {
    let same = listener.try_clone();
    same.map_err(|error| StartError::Listen(address, error))
}

/// The database, if it is one for the sandbox or for a real account, as is wanted.
async fn open_store(config: &Config, clock: &Clock, sandbox: bool) -> Result<Store, StartError> {
    let store = Store::open(config.database.url.expose()).await?;
    if store.claim(sandbox).await? {
        return Ok(store.acting(clock, Actor::System, None));
    }
    store.close().await;
    Err(if sandbox {
        StartError::NotSandboxes
    } else {
        StartError::Sandboxes
    })
}

impl Running {
    /// Waits until something ends that must go on as long as the gateway does; says what.
    pub async fn broken(&mut self) -> &'static str {
        let ends = self.background.iter_mut().map(|(name, task)| {
            Box::pin(async move {
                // Whether it returned or panicked, it is not there any more.
                let _ = task.await;
                *name
            })
        });
        tokio::select! {
            (name, ..) = select_all(ends) => name,
            () = self.state.store.writer_ended() => "the database's writer",
        }
    }

    /// Takes no new connections and keeps none open, lets clicks in flight come to their end, then closes the database.
    /// Takes 75 seconds at most.
    pub async fn stop(self) {
        let end = Instant::now() + Duration::from_secs(SHUTDOWN_SECONDS);
        self.state.stopping.store(true, Ordering::Relaxed);
        // Nobody waits for streams, which have no end of their own.
        self.state.feed.end();
        self.stop.cancel();
        // Workers take their tasks with them, so these are waited for first: some have lost their connection.
        for server in &self.servers {
            server.pause().await;
        }
        tokio::time::sleep(PAUSING).await;
        self.doors.into_iter().for_each(close);
        self.state.tasks.close();
        let ended = async {
            self.state.tasks.wait().await;
            for server in &self.servers {
                server.stop(true).await;
            }
        };
        if timeout_at(end, ended).await.is_err() {
            tracing::warn!("some clicks have not come to their end in time");
        }
        for (_, task) in self.background {
            task.abort();
        }
        let closing = async {
            if let Err(error) = self.state.openings.step().await {
                let outage = &self.state.store.outage;
                outage.met("noting what was opened failed", &error);
            }
            self.state.store.close().await;
        };
        if timeout(CLOSING, closing).await.is_err() {
            tracing::warn!("the database could not be closed in time");
        }
    }
}

/// Sends results and messages until it is told to stop. Both are waited for like clicks: what was on its way would be
/// sent again after the next start.
fn start_sending(
    state: &State,
    outbound: Outbound,
    stop: &CancellationToken,
) -> [(&'static str, JoinHandle<()>); 2] {
    let (store, clock) = (state.store.clone(), state.clock.clone());
    let outbox = Outbox::new(store, clock, state.metrics.clone(), state.dispatch.clone());
    let results = state.tasks.track_future(outbound.run(stop.clone()));
    let messages = state.tasks.track_future(outbox.run(stop.clone()));
    [
        ("the sending of results", tokio::spawn(results)),
        ("the sending of messages", tokio::spawn(messages)),
    ]
}

/// What messages to people are sent with.
async fn dispatch(
    config: &Config,
    store: &Store,
    public_url: &str,
) -> Result<Dispatch, StartError> {
    let fresh = Secret::new(nanoid::nanoid!(43));
    let key = store.unsubscribe_key(&fresh).await?;
    Dispatch::new(config, public_url, &key).map_err(StartError::Texter)
}

/// What signs nonces and cookies: as set, else made at the first start and kept.
async fn signing_secret(config: &Config, store: &Store) -> Result<Secret, StoreError> {
    match config.server.secret.clone() {
        Some(secret) => Ok(secret),
        None => {
            store
                .signing_secret(&Secret::new(nanoid::nanoid!(43)))
                .await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn running() -> (Running, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::defaults();
        config.server.listen = ([127, 0, 0, 1], 0).into();
        config.server.workers = 1;
        config.database.url = Secret::new(format!("sqlite://{}/e.db", folder.path().display()));
        (start(config, Clock::system(), false).await.unwrap(), folder)
    }

    #[tokio::test]
    async fn what_ends_in_the_background_is_told_by_its_name() {
        let (mut running, _folder) = running().await;
        assert!(futures_util::poll!(std::pin::pin!(running.broken())).is_pending());
        let (name, task) = running.background.pop().unwrap();
        task.abort();
        running.background.push((name, task));
        assert_eq!(running.broken().await, name);
        running.stop().await;
    }
}
