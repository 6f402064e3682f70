//! The composition root: puts the parts together, starts them, and ends them in order.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web as actix};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::asking::Asking;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::secret::Secret;
use crate::erasing::Erasing;
use crate::http;
use crate::idenfy::{Client, ClientError};
use crate::lookup::Lookup;
use crate::metrics::Metrics;
use crate::redeem::Redeemer;
use crate::sandbox::{self, Sandbox};
use crate::store::{Store, StoreError};
use crate::sweep::Sweep;
use crate::web::{self, State};

/// How long connections may take to end after the order to stop, in seconds: a mint's longest budget and some more.
const SHUTDOWN_SECONDS: u64 = 65;

/// How long clicks in flight may take to come to their end after the order to stop.
const DRAIN: Duration = Duration::from_secs(SHUTDOWN_SECONDS);

/// How long those who take connections may need to hear that they pause; they do not tell when they have, and log
/// an error where a door closes on them.
const PAUSING: Duration = Duration::from_millis(250);

/// Between the automatic and the manual result of the embedded iDenfy.
const SANDBOX_REVIEW: Duration = Duration::from_secs(2);

/// Why the gateway cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// iDenfy cannot be called.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// A gateway that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// What its handlers share.
    pub state: Arc<State>,
    servers: Vec<ServerHandle>,
    doors: Vec<TcpListener>,
    background: Vec<JoinHandle<()>>,
}

/// Starts the gateway. With `sandbox` an iDenfy stand-in is embedded and used.
///
/// # Errors
/// Why it cannot start.
pub async fn start(mut config: Config, clock: Clock, sandbox: bool) -> Result<Running, StartError> {
    let (listener, address) = listen(config.server.listen)?;
    let public_url = config.server.public_base(address.port());
    let sandbox = sandbox.then(|| embed_sandbox(&mut config, &public_url, address));
    let store = Store::open(config.database.url.expose()).await?;
    let secret = match config.server.secret.clone() {
        Some(secret) => secret,
        None => {
            store
                .signing_secret(&Secret::new(nanoid::nanoid!(43)))
                .await?
        }
    };
    let mut idenfy = Client::new(&config.idenfy, clock.clone())?;
    if let (Some(_), Ok(page)) = (&sandbox, Url::parse(&public_url)) {
        idenfy = idenfy.with_sandbox_page(page);
    }
    let metrics = Metrics::new();
    let lookup = Lookup::new(store.clone(), idenfy.clone(), clock.clone(), &config.idenfy);
    let redeemer = Redeemer {
        lookup: lookup.clone(),
        store: store.clone(),
        idenfy,
        clock: clock.clone(),
        metrics: metrics.clone(),
        budget: Duration::from_millis(config.idenfy.timeout_ms),
        callback_url: config
            .idenfy
            .send_callback_url
            .then(|| format!("{public_url}/webhooks/idenfy")),
    };
    let state = Arc::new(State {
        metrics,
        limiter: web::limiter::Limiter::new(config.limits.clicks_per_minute_per_ip),
        links: web::link_cache::LinkCache::new(),
        agents: web::agents::Agents::new(),
        signer: web::signing::Signer::new(&secret),
        public_url,
        trusted_proxies: config.server.trusted_proxies.clone(),
        webhook_key: config.idenfy.webhook_key.clone(),
        serves_metrics: config.server.metrics_listen.is_none(),
        tasks: TaskTracker::new(),
        store: store.clone(),
        clock: clock.clone(),
    });
    let own = |listener: &TcpListener| {
        listener
            .try_clone()
            .map_err(|e| StartError::Listen(address, e))
    };
    let mut doors = vec![own(&listener)?];
    let mut servers = vec![serve(
        &state,
        &redeemer,
        sandbox,
        listener,
        config.server.workers,
    )?];
    if let Some(address) = config.server.metrics_listen {
        let listener = listen(address)?.0;
        doors.push(own(&listener)?);
        servers.push(serve_metrics(&state, listener)?);
    }
    let asking = Asking::new(lookup.clone(), &config.idenfy);
    let erasing = Erasing {
        lookup,
        retention_days: config.retention.days,
    };
    let background = vec![
        tokio::spawn(Sweep { store, clock }.run()),
        tokio::spawn(asking.run()),
        tokio::spawn(erasing.run()),
    ];
    Ok(Running {
        address,
        state,
        servers,
        doors,
        background,
    })
}

impl Running {
    /// Takes no new connections, lets clicks in flight come to their end, then closes the database.
    pub async fn stop(self) {
        // Workers take their tasks with them, so these are waited for first: some have lost their connection.
        for server in &self.servers {
            server.pause().await;
        }
        tokio::time::sleep(PAUSING).await;
        self.doors.into_iter().for_each(close);
        self.state.tasks.close();
        let _ = tokio::time::timeout(DRAIN, self.state.tasks.wait()).await;
        for server in &self.servers {
            server.stop(true).await;
        }
        self.background.iter().for_each(JoinHandle::abort);
        self.state.store.close().await;
    }
}

/// Refuses new connections at once: while it is only paused, they would wait at a door that never opens again.
fn close(door: TcpListener) {
    // Where a system knows no such thing for a listener, they wait.
    let _ = TcpStream::from(OwnedFd::from(door)).shutdown(Shutdown::Both);
}

/// Points the settings at an iDenfy stand-in served by this very process.
fn embed_sandbox(config: &mut Config, public_url: &str, address: SocketAddr) -> Sandbox {
    let own = format!(
        "http://{}",
        SocketAddr::new(loopback(address.ip()), address.port())
    );
    let text = |secret: &mut Option<Secret>| {
        secret
            .get_or_insert_with(|| Secret::new(nanoid::nanoid!(32)))
            .expose()
            .to_owned()
    };
    let settings = sandbox::Settings {
        api_key: text(&mut config.idenfy.api_key),
        api_secret: text(&mut config.idenfy.api_secret),
        signing_key: text(&mut config.idenfy.webhook_key),
        public_base: format!("{public_url}/sandbox"),
        webhook_url: format!("{own}/webhooks/idenfy"),
        review_delay: SANDBOX_REVIEW,
    };
    config.idenfy.base_url =
        Url::parse(&format!("{own}/sandbox")).expect("an address makes a valid URL");
    config.idenfy.redirect_hosts.clear();
    let client = http::client_builder(&config.idenfy.base_url).build();
    Sandbox::new(
        settings,
        client.expect("a client that needs no certificates can be made"),
    )
}

/// Where this process reaches a listener of its own.
fn loopback(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        own => own,
    }
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |error| StartError::Listen(address, error);
    let listener = TcpListener::bind(address).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn serve(
    state: &Arc<State>,
    redeemer: &Redeemer,
    sandbox: Option<Sandbox>,
    listener: TcpListener,
    workers: usize,
) -> Result<ServerHandle, StartError> {
    let address = listener
        .local_addr()
        .map_err(|e| StartError::Listen(([0, 0, 0, 0], 0).into(), e))?;
    let (state, redeemer) = (state.clone(), redeemer.clone());
    let log = tracing::dispatcher::get_default(Clone::clone);
    let server = HttpServer::new(move || {
        follow_log(&log);
        App::new()
            .wrap(web::default_headers())
            .configure(web::routes(&state, redeemer.for_thread(), sandbox.as_ref()))
    })
    .workers(workers)
    .shutdown_timeout(SHUTDOWN_SECONDS)
    .disable_signals()
    .listen(listener)
    .map_err(|e| StartError::Listen(address, e))?
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok(handle)
}

fn serve_metrics(state: &Arc<State>, listener: TcpListener) -> Result<ServerHandle, StartError> {
    let address = listener
        .local_addr()
        .map_err(|e| StartError::Listen(([0, 0, 0, 0], 0).into(), e))?;
    let state = actix::Data::from(state.clone());
    let server = HttpServer::new(move || {
        App::new()
            .wrap(web::default_headers())
            .app_data(state.clone())
            .configure(web::ops::metrics_route)
    })
    .workers(1)
    .disable_signals()
    .listen(listener)
    .map_err(|e| StartError::Listen(address, e))?
    .run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok(handle)
}

/// Worker threads log where the thread that started them does: tests give each gateway a log of its own.
fn follow_log(log: &tracing::Dispatch) {
    // The guard would end with this function; the worker's thread lives as long as the gateway.
    std::mem::forget(tracing::dispatcher::set_default(log));
}
