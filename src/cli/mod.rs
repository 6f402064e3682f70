//! The command line: one command a file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::clock::Clock;
use crate::config::{self, Config};
use crate::domain::audit::Actor;
use crate::domain::field_error::FieldErrors;
use crate::domain::message::Channel;
use crate::domain::secret::Secret;
use crate::domain::slug::Slug;
use crate::store::Store;
use crate::store::steps::Progress;
use crate::telemetry;
use crate::web::api::openapi;

mod backup;
mod doctor;
mod import;
mod import_once;
mod import_output;
mod key;
mod link;
mod output;
mod qr;
mod serve;
mod user;

/// Why a command was refused or failed: one line for a person.
#[derive(Debug)]
pub struct Failure {
    message: String,
    /// Whether what was asked for may have been done all the same: a commit's answer did not come.
    is_unsure: bool,
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error.to_string())
    }
}

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            is_unsure: false,
        }
    }

    /// The same, where it may have been done all the same.
    const fn unsure(mut self) -> Self {
        self.is_unsure = true;
        self
    }

    /// All wrong fields in one line.
    fn fields(errors: &FieldErrors) -> Self {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Self::new(errors.join("; "))
    }
}

/// A self-hosted, reusable magic-link gateway for iDenfy identity verification.
#[derive(Debug, Parser)]
#[command(name = "entrypass", version, about, after_help = EXAMPLES)]
struct Cli {
    /// Settings file [default: config.toml in the working folder, when it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  entrypass serve --sandbox                          try everything with no account
  entrypass key create --name backend                prints a new API key, once
  entrypass user create ana@example.com --role admin  lets somebody into the dashboard
  entrypass link create --name 'Berlin fair' --uses 100 --confirm
  entrypass link list --status active
  entrypass backup /backups/entrypass.db             while the gateway runs

Every setting can be given in the environment: ENTRYPASS_SERVER__LISTEN=0.0.0.0:8080";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway
    #[command(after_help = "Examples:\n  entrypass serve\n  entrypass serve --sandbox")]
    Serve(serve::Args),
    /// Create or upgrade the database (serve does it too)
    #[command(
        after_help = "Examples:\n  entrypass migrate\n  entrypass migrate --config /etc/entrypass.toml"
    )]
    Migrate,
    /// Check settings, database, iDenfy credentials, public URL and clock
    #[command(
        after_help = "Examples:\n  entrypass doctor\n  entrypass doctor --config /etc/entrypass.toml"
    )]
    Doctor,
    /// Make and look after links
    #[command(subcommand, after_help = link::EXAMPLES)]
    Link(link::Command),
    /// Make and revoke API keys
    #[command(subcommand, after_help = key::EXAMPLES)]
    Key(key::Command),
    /// Write a link's QR code or poster into a file
    #[command(after_help = qr::EXAMPLES)]
    Qr(qr::Args),
    /// Let people into the dashboard
    #[command(subcommand, after_help = user::EXAMPLES)]
    User(user::Command),
    /// Write a consistent copy of the running SQLite database
    #[command(after_help = "Example:\n  entrypass backup /backups/entrypass-2027-03-01.db")]
    Backup(backup::Args),
    /// Print the API's OpenAPI document
    #[command(after_help = "Example:\n  entrypass openapi > openapi.json")]
    Openapi,
}

/// What the commands on data share.
struct Context {
    config: Config,
    store: Store,
    clock: Clock,
}

impl Context {
    /// On a database that this version works with: a command neither makes one nor changes its schema.
    async fn open(config: Config) -> Result<Self, Failure> {
        let context = Self::connect(config).await?;
        context.store.check_schema().await?;
        Ok(context)
    }

    /// On a database of any version.
    async fn connect(config: Config) -> Result<Self, Failure> {
        let clock = Clock::system();
        let store = Store::open_existing(database(&config)).await?;
        Ok(Self {
            config,
            store: store.acting(&clock, Actor::Command, None),
            clock,
        })
    }
}

impl Context {
    /// Whether messages can be sent by that channel.
    const fn sends(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => self.config.email.is_some(),
            Channel::Sms => self.config.sms.is_some(),
        }
    }

    /// The address of a link's page.
    fn url_of(&self, slug: &Slug) -> String {
        let server = &self.config.server;
        let base = server.public_base(server.listen.port());
        format!("{base}/{}", slug.as_str())
    }
}

/// The database to work on: where neither an address nor an account is set, the sandbox's as long as it is the only one
/// there, which is told.
fn database(config: &Config) -> &str {
    let [own, sandbox] = [&config.database.url, &config.database.sandbox_url].map(Secret::expose);
    let has_account = config.idenfy.api_key.is_some();
    let is_there = |url: &str| {
        url.strip_prefix("sqlite://")
            .is_some_and(|file| Path::new(file).exists())
    };
    if !has_account && is_there(sandbox) && !is_there(own) {
        eprintln!("entrypass: this is the sandbox's database, {sandbox}");
        sandbox
    } else {
        own
    }
}

/// Runs the command of the process's arguments. Exit codes: 0 done, 1 refused or failed, 2 usage.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    // Requests are served by threads of their own; here only the ledger, the sweep and the like run.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(Failure::from);
    match runtime.and_then(|runtime| runtime.block_on(execute(cli))) {
        Ok(code) => code,
        Err(Failure { message, .. }) => {
            eprintln!("entrypass: {}", message.replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

async fn execute(cli: Cli) -> Result<ExitCode, Failure> {
    if matches!(cli.command, Command::Openapi) {
        println!("{}", openapi::json());
        return Ok(ExitCode::SUCCESS);
    }
    let file = config::config_file(cli.config);
    let config = Config::load(file.as_deref(), config::environment(), &[]);
    if matches!(cli.command, Command::Doctor) {
        return Ok(doctor::run(config.map_err(|error| error.to_string())).await);
    }
    let config = config?;
    match cli.command {
        Command::Serve(args) => {
            telemetry::init(config.log.format);
            serve::run(config, &args).await?;
        }
        Command::Migrate => {
            let store = Store::open_telling(config.database.url.expose(), &tell_step);
            store.await?.close().await;
            println!("The database is up to date.");
        }
        Command::Link(command) => link::run(Context::open(config).await?, command).await?,
        Command::Key(command) => key::run(Context::open(config).await?, command).await?,
        Command::Qr(args) => qr::run(Context::open(config).await?, args).await?,
        Command::User(command) => user::run(Context::open(config).await?, command).await?,
        Command::Backup(args) => backup::run(Context::connect(config).await?, &args).await?,
        Command::Doctor | Command::Openapi => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn tell_step(progress: Progress) {
    match progress {
        Progress::Ahead(steps) => println!("Bringing the database up to date: {steps} steps"),
        Progress::Taken { number, name, took } => {
            println!("  {number:04} {name}: {:.1} s", took.as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
