//! `entrypass serve`

use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use crate::app::{self, Running};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::id::{KeyId, LinkId};
use crate::domain::link::{Link, LinkStatus};
use crate::domain::scope::Scope;
use crate::domain::timestamp::DAY_MS;
use crate::store::keys::ApiKey;
use crate::store::links::LinkFilter;
use crate::web::State;
use crate::web::api::link_input;
use crate::web::api::presets_known::Presets;
use crate::web::dashboard::setup;

/// What the link that the sandbox offers is called; found again by it at the next start.
const DEMO_NAME: &str = "Sandbox demo";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Serve an embedded iDenfy stand-in and use it: no account is needed, nothing is verified
    #[arg(long)]
    sandbox: bool,
}

pub async fn run(config: Config, args: &Args) -> Result<(), Failure> {
    // Asked for first, so that an order to stop while starting is not lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let has_keys = config.idenfy.api_key.is_some() && config.idenfy.api_secret.is_some();
    let mut running = app::start(config, Clock::system(), args.sandbox).await?;
    tracing::info!(
        address = %running.address, public_url = running.state.public_url, sandbox = args.sandbox,
        "entrypass {} listens", env!("CARGO_PKG_VERSION")
    );
    if let Some(address) = setup::offer(&running.state).await? {
        println!(
            "\nNobody can sign in to the dashboard yet. Make the first administrator here, within 30 minutes:\n\n  {address}\n"
        );
    }
    if args.sandbox {
        print_welcome(&running).await?;
    } else if !has_keys {
        tracing::warn!(
            "idenfy.api_key and idenfy.api_secret are not set: no verification can be started"
        );
    }
    let broken = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        what = running.broken() => Some(what),
    };
    if let Some(what) = broken {
        tracing::error!("{what} has ended, which it never must");
    }
    tracing::info!(
        "stopping: clicks in flight come to their end first; a second order ends them at once"
    );
    tokio::select! {
        () = running.stop() => {}
        _ = terminate.recv() => return Err(Failure::new("told a second time to stop: clicks in flight were cut off")),
        _ = interrupt.recv() => return Err(Failure::new("told a second time to stop: clicks in flight were cut off")),
    }
    match broken {
        Some(what) => Err(Failure::new(format!("{what} has ended; start again"))),
        None => Ok(()),
    }
}

/// Offers a link and a key, so that everything can be tried at once.
async fn print_welcome(running: &Running) -> Result<(), Failure> {
    let state = &running.state;
    let now = state.clock.now();
    let filter = LinkFilter {
        status: Some(LinkStatus::Active),
        text: Some(DEMO_NAME.to_owned()),
        limit: 1,
        ..LinkFilter::default()
    };
    let link = match state.store.links(&filter, now).await?.pop() {
        Some(link) => link,
        None => make_demo(state).await?,
    };
    let ends = Some(now.plus_millis(DAY_MS));
    let (key, text) = ApiKey::generate(
        KeyId::new(state.clock.uuid()),
        "Sandbox".into(),
        vec![Scope::Admin],
        now,
        ends,
    );
    state.store.insert_key(&key, &text).await?;
    let base = &state.public_url;
    println!(
        "\nEntrypass sandbox: an iDenfy stand-in answers, nobody is really verified.\n\n\
         \x20 Click this link      {}\n\
         \x20 API key (24 hours)   {}\n\
         \x20 Dashboard            {base}/admin\n\
         \x20 API documentation    {base}/docs\n\
         \x20 Sandbox switchboard  {base}/sandbox\n",
        state.url_of(&link.terms.slug),
        text.expose(),
    );
    Ok(())
}

async fn make_demo(state: &State) -> Result<Link, Failure> {
    let wanted = serde_json::json!({"name": DEMO_NAME, "usage": {"type": "unlimited"}});
    let map = wanted.as_object().cloned().unwrap_or_default();
    let link = link_input::parse(
        LinkId::new(state.clock.uuid()),
        map,
        &Presets::default(),
        state.clock.now(),
    )
    .map_err(|errors| Failure::fields(&errors))?;
    let made = state
        .store
        .insert_links(std::slice::from_ref(&link))
        .await?;
    made.map_err(|_| Failure::new("the sandbox's link could not be made; start again"))?;
    Ok(link)
}
