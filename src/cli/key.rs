//! `entrypass key`

use clap::Subcommand;

use super::{Context, Failure, output};
use crate::domain::id::KeyId;
use crate::domain::link::parse_name;
use crate::domain::scope::Scope;
use crate::domain::timestamp::Timestamp;
use crate::store::keys::ApiKey;
use crate::web::api::keys::KeyDocument;

pub const EXAMPLES: &str = "Examples:
  entrypass key create --name backend
  entrypass key list
  entrypass key revoke 0197d1a0-5f3c-7c52-9a41-0d2f6a1b7c3e";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a key; prints it, alone, once
    #[command(after_help = "Examples:
  entrypass key create --name backend
  entrypass key create --name reports --scope read --expires-at 2027-12-31T00:00:00Z")]
    Create {
        /// What people call it
        #[arg(long)]
        name: String,
        /// read, links, sessions or admin; can be given several times [default: admin]
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// When it ends, such as 2027-12-31T00:00:00Z
        #[arg(long, value_name = "TIME")]
        expires_at: Option<String>,
    },
    /// List keys, newest first
    #[command(after_help = "Examples:\n  entrypass key list\n  entrypass key list --json")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key
    #[command(after_help = "Examples:
  entrypass key revoke 0197d1a0-5f3c-7c52-9a41-0d2f6a1b7c3e
  entrypass key revoke 0197d1a0-5f3c-7c52-9a41-0d2f6a1b7c3e --yes")]
    Revoke {
        /// Its id
        id: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

pub async fn run(context: Context, command: Command) -> Result<(), Failure> {
    let done = match command {
        Command::Create {
            name,
            scopes,
            expires_at,
        } => create(&context, &name, &scopes, expires_at.as_deref()).await,
        Command::List { json } => list(&context, json).await,
        Command::Revoke { id, yes } => revoke(&context, &id, yes).await,
    };
    context.store.close().await;
    done
}

async fn create(
    context: &Context,
    name: &str,
    scopes: &[String],
    expires_at: Option<&str>,
) -> Result<(), Failure> {
    let now = context.clock.now();
    let refused =
        |field: &'static str| move |message: String| Failure::new(format!("{field}: {message}"));
    let name = parse_name(name).map_err(refused("--name"))?;
    let scopes: Result<Vec<Scope>, String> =
        scopes.iter().map(|scope| Scope::parse(scope)).collect();
    let mut scopes = scopes.map_err(refused("--scope"))?;
    if scopes.is_empty() {
        scopes.push(Scope::Admin);
    }
    let expires_at = expires_at
        .map(Timestamp::parse)
        .transpose()
        .map_err(refused("--expires-at"))?;
    if expires_at.is_some_and(|at| at <= now) {
        return Err(Failure::new("--expires-at: must lie ahead"));
    }
    let (key, text) = ApiKey::generate(
        KeyId::new(context.clock.uuid()),
        name,
        scopes,
        now,
        expires_at,
    );
    context.store.insert_key(&key, &text).await?;
    println!("{}", text.expose());
    Ok(())
}

async fn list(context: &Context, json: bool) -> Result<(), Failure> {
    let page = async |last: Option<&ApiKey>| {
        let before = last.map(|key| key.id);
        context.store.keys(before, output::PAGE).await
    };
    let keys = output::all(page).await?;
    if json {
        let documents: Vec<KeyDocument> = keys.into_iter().map(Into::into).collect();
        return output::json(&documents);
    }
    let time = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), Timestamp::to_rfc3339);
    let rows: Vec<Vec<String>> = keys
        .into_iter()
        .map(|key| {
            let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
            vec![
                key.id.to_string(),
                format!("{}…", key.prefix),
                scopes.join(","),
                time(key.expires_at),
                time(key.last_used_at),
                key.name,
            ]
        })
        .collect();
    output::table(
        &["ID", "KEY", "SCOPES", "EXPIRES", "LAST USED", "NAME"],
        &rows,
    );
    Ok(())
}

async fn revoke(context: &Context, id: &str, yes: bool) -> Result<(), Failure> {
    let not_found = || Failure::new("no key has this id");
    let id = KeyId::parse(id).ok_or_else(not_found)?;
    let key = context.store.key(id).await?.ok_or_else(not_found)?;
    output::confirm(&format!("Revoke the key \"{}\" for good?", key.name), yes)?;
    context.store.revoke_key(id, context.clock.now()).await?;
    println!("revoked");
    Ok(())
}
