//! Listeners, and the servers behind them.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{Condition, from_fn};
use actix_web::{App, HttpServer, web as actix};
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;

use super::{SHUTDOWN_SECONDS, StartError};
use crate::redeem::Redeemer;
use crate::sandbox::Sandbox;
use crate::web::{self, State};

/// Connections that may wait to be taken in: all phones in a hall open the same QR code within a second.
const BACKLOG: u32 = 1024;

/// How long an idle connection is kept that a visitor opened: it would take a file from somebody else.
const KEPT_FOR_VISITORS: Duration = Duration::from_secs(5);

/// How long an idle connection is kept where proxies open them: longer than they keep it themselves (nginx and AWS 60 s,
/// Traefik 90 s, Caddy 120 s), as a form that a proxy sends just when we hang up is lost with a 502.
const KEPT_FOR_PROXIES: Duration = Duration::from_secs(130);

/// A listener at `address`, and the address it got.
pub(super) fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let listen = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        // As the standard library does it: so that a restart need not wait for connections of before.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?.into_std()?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    listen().map_err(|error| StartError::Listen(address, error))
}

/// Serves all but metrics that have a listener of their own.
pub(super) fn serve(
    state: &Arc<State>,
    redeemer: &Redeemer,
    sandbox: Option<Sandbox>,
    listener: TcpListener,
    workers: usize,
) -> Result<(ServerHandle, JoinHandle<()>), StartError> {
    let address = listener
        .local_addr()
        .map_err(|e| StartError::Listen(([0, 0, 0, 0], 0).into(), e))?;
    // The sandbox's iDenfy is called by ourselves, over connections that are kept.
    let kept = if state.trusted_proxies.is_empty() && sandbox.is_none() {
        KEPT_FOR_VISITORS
    } else {
        KEPT_FOR_PROXIES
    };
    let (state, redeemer) = (state.clone(), redeemer.clone());
    let log = tracing::dispatcher::get_default(Clone::clone);
    let server = HttpServer::new(move || {
        follow_log(&log);
        App::new()
            .wrap(Condition::new(
                sandbox.is_some(),
                from_fn(web::banner::mark_pages),
            ))
            .wrap(web::default_headers())
            .wrap_fn(web::finish)
            .configure(web::routes(&state, redeemer.for_thread(), sandbox.as_ref()))
    })
    .workers(workers)
    .keep_alive(kept)
    .shutdown_timeout(SHUTDOWN_SECONDS)
    .disable_signals()
    .listen(listener)
    .map_err(|e| StartError::Listen(address, e))?
    .run();
    Ok(spawn(server))
}

/// Serves the metrics alone.
pub(super) fn serve_metrics(
    state: &Arc<State>,
    listener: TcpListener,
) -> Result<(ServerHandle, JoinHandle<()>), StartError> {
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
    Ok(spawn(server))
}

fn spawn(server: Server) -> (ServerHandle, JoinHandle<()>) {
    let handle = server.handle();
    let task = tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!("a server ended: {error}");
        }
    });
    (handle, task)
}

/// Worker threads log where the thread that started them does: tests give each gateway a log of its own.
fn follow_log(log: &tracing::Dispatch) {
    // The guard would end with this function; the worker's thread lives as long as the gateway.
    std::mem::forget(tracing::dispatcher::set_default(log));
}

/// Refuses new connections at once: while it is only paused, they would wait at a door that never opens again.
pub(super) fn close(door: TcpListener) {
    // Where a system knows no such thing for a listener, they wait.
    let _ = TcpStream::from(OwnedFd::from(door)).shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn as_many_may_wait_to_be_taken_in_as_stand_in_a_hall() {
        let (_listener, address) = listen(([127, 0, 0, 1], 0).into()).unwrap();
        let bound = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        let all = bound.trim().parse().unwrap_or(0).min(500);
        // Nobody takes them in, so one that finds no place never gets through.
        let mut waiting = Vec::new();
        for n in 0..all {
            let waits = TcpStream::connect_timeout(&address, Duration::from_secs(3));
            waiting.push(waits.unwrap_or_else(|error| panic!("{n}: {error}")));
        }
    }
}
