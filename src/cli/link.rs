//! `entrypass link`

use clap::{ArgGroup, Subcommand};
use serde_json::{Map, Value, json};

use super::{Context, Failure, import, output};
use crate::domain::id::LinkId;
use crate::domain::link::{Link, LinkStatus};
use crate::domain::slug::Slug;
use crate::store::links::{Activated, LinkFilter};
use crate::web::api::link_input;
use crate::web::api::links::LinkDocument;
use crate::web::api::presets_known::Presets;

/// Links read at a time while listing.
const PAGE: i64 = 200;

pub const EXAMPLES: &str = "Examples:
  entrypass link create --name 'Berlin fair' --uses 100 --confirm
  entrypass link import customers.csv -o urls.csv
  entrypass link list --status active
  entrypass link deactivate berlin-fair";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a link; prints its URL, alone
    #[command(after_help = "Examples:
  entrypass link create --name 'Jane Doe' --single --token '{\"clientId\": \"customer-17\"}'
  entrypass link create --name 'Berlin fair' --uses 100 --expires-at 2027-03-01T00:00:00Z --language de
  entrypass link create --name Website --unlimited --slug verify --flow document --json
  entrypass link create --name 'Summer fair' --uses 50 --preset 'Adults with AML' --confirm=false")]
    Create(Box<Create>),
    /// Make many links of a CSV or JSON file, all or none; prints the rows with their ids and URLs, as CSV
    #[command(after_help = import::EXAMPLES)]
    Import(import::Args),
    /// List links, newest first
    #[command(after_help = "Examples:
  entrypass link list
  entrypass link list --status active --q berlin
  entrypass link list --json")]
    List {
        /// Only links of this status: active, deactivated, expired or exhausted
        #[arg(long)]
        status: Option<String>,
        /// Only links with this text in name or slug
        #[arg(long)]
        q: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a link
    #[command(after_help = "Examples:
  entrypass link show berlin-fair
  entrypass link show 0197d1a0-5f3c-7c52-9a41-0d2f6a1b7c3e --json")]
    Show {
        /// Id or slug
        link: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Switch a link off
    #[command(after_help = "Example:
  entrypass link deactivate berlin-fair")]
    Deactivate {
        /// Id or slug
        link: String,
    },
    /// Switch a link on again
    #[command(after_help = "Example:
  entrypass link activate berlin-fair")]
    Activate {
        /// Id or slug
        link: String,
    },
    /// Delete a link: its URL is gone for good, its slug is never given out again
    #[command(after_help = "Examples:
  entrypass link delete berlin-fair
  entrypass link delete berlin-fair --yes")]
    Delete {
        /// Id or slug
        link: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("usage").required(true).args(["single", "uses", "unlimited"]))]
pub struct Create {
    /// What operators call it: 1 to 200 characters
    #[arg(long)]
    name: String,
    /// It can be used once
    #[arg(long)]
    single: bool,
    /// It can be used so many times: 1 to 1000000000
    #[arg(long, value_name = "N")]
    uses: Option<i64>,
    /// It can be used any number of times
    #[arg(long)]
    unlimited: bool,
    /// When it ends by itself, such as 2027-03-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    expires_at: Option<String>,
    /// One of iDenfy's languages, such as de; default: the visitor's own
    #[arg(long)]
    language: Option<String>,
    /// `document_and_selfie` (the default), document or selfie
    #[arg(long)]
    flow: Option<String>,
    /// The last part of its URL: 3 to 64 of a-z, 0-9 and -; default: random
    #[arg(long)]
    slug: Option<String>,
    /// Id or name of a preset, whose options hold where none are given here
    #[arg(long)]
    preset: Option<String>,
    /// Show a page with a button first, so that mail scanners cannot use it up
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    confirm: Option<bool>,
    /// A browser that comes back gets its open session again
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    resume: Option<bool>,
    /// ?ref= in its URL becomes the session's `externalRef`
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    accept_ref: Option<bool>,
    /// Visitors come with parameters that a site of yours signed; --json shows its secret, once
    #[arg(long)]
    signed: bool,
    /// Words for visitors who come when it is over: at most 500 characters
    #[arg(long, value_name = "MESSAGE")]
    inactive_message: Option<String>,
    /// Parameters of iDenfy's token call, as JSON
    #[arg(long, value_name = "JSON")]
    token: Option<String>,
    /// Print the whole link as JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(context: Context, command: Command) -> Result<(), Failure> {
    let done = match command {
        Command::Create(wanted) => create(&context, *wanted).await,
        Command::Import(args) => import::run(&context, args).await,
        Command::List { status, q, json } => list(&context, status.as_deref(), q, json).await,
        Command::Show { link, json } => match find(&context, &link).await {
            Ok(link) => show(&context, &link, json),
            Err(failure) => Err(failure),
        },
        Command::Deactivate { link } => deactivate(&context, &link).await,
        Command::Activate { link } => activate(&context, &link).await,
        Command::Delete { link, yes } => delete(&context, &link, yes).await,
    };
    context.store.close().await;
    done
}

impl Create {
    /// The same fields as a request's, so that the same parser judges them.
    fn into_map(self) -> Result<Map<String, Value>, Failure> {
        let token = self
            .token
            .as_deref()
            .map(serde_json::from_str::<Value>)
            .transpose();
        let token = token.map_err(|_| Failure::new("--token: must be a JSON object"))?;
        let usage = match (self.single, self.uses) {
            (true, _) => json!({"type": "single"}),
            (false, Some(limit)) => json!({"type": "multi", "limit": limit}),
            (false, None) => json!({"type": "unlimited"}),
        };
        let wanted = json!({
            "preset": self.preset, "name": self.name, "usage": usage, "expires_at": self.expires_at, "language": self.language,
            "flow": self.flow, "slug": self.slug, "confirm": self.confirm, "resume": self.resume,
            "accept_ref": self.accept_ref, "signed": self.signed, "inactive_message": self.inactive_message, "token": token,
        });
        Ok(wanted.as_object().cloned().unwrap_or_default())
    }
}

async fn create(context: &Context, wanted: Create) -> Result<(), Failure> {
    let json = wanted.json;
    let id = LinkId::new(context.clock.uuid());
    let map = wanted.into_map()?;
    let presets = Presets::named_in(&context.store, &map).await?;
    let link = link_input::parse(id, map, &presets, context.clock.now())
        .map_err(|errors| Failure::fields(&errors))?;
    let inserted = context
        .store
        .insert_links(std::slice::from_ref(&link))
        .await?;
    inserted.map_err(|_| Failure::new("slug: another link has or had this slug"))?;
    if json {
        return output::json(&document(context, &link).made(&link));
    }
    println!("{}", url(context, &link));
    Ok(())
}

async fn list(
    context: &Context,
    status: Option<&str>,
    text: Option<String>,
    json: bool,
) -> Result<(), Failure> {
    let status = match status {
        None => None,
        Some(name) => Some(
            LinkStatus::ALL
                .into_iter()
                .find(|status| status.as_str() == name)
                .ok_or_else(|| {
                    Failure::new("--status: must be active, deactivated, expired or exhausted")
                })?,
        ),
    };
    let mut filter = LinkFilter {
        status,
        text,
        limit: PAGE,
        ..LinkFilter::default()
    };
    let mut links = Vec::new();
    loop {
        let page = context.store.links(&filter, context.clock.now()).await?;
        filter.before = page.last().map(|link| link.terms.id);
        let last = page.len() < usize::try_from(PAGE).unwrap_or_default();
        links.extend(page);
        if last {
            break;
        }
    }
    if json {
        let documents: Vec<LinkDocument> =
            links.iter().map(|link| document(context, link)).collect();
        return output::json(&documents);
    }
    let rows: Vec<Vec<String>> = links.iter().map(|link| row(context, link)).collect();
    output::table(&["STATUS", "USED", "URL", "NAME"], &rows);
    Ok(())
}

fn row(context: &Context, link: &Link) -> Vec<String> {
    let limit = link
        .terms
        .usage
        .limit()
        .map_or_else(|| "∞".to_owned(), |limit| limit.to_string());
    vec![
        link.status(context.clock.now()).as_str().to_owned(),
        format!("{}/{limit}", link.used),
        url(context, link),
        link.name.clone(),
    ]
}

fn show(context: &Context, link: &Link, json: bool) -> Result<(), Failure> {
    let document = document(context, link);
    if json {
        return output::json(&document);
    }
    let value = serde_json::to_value(&document)?;
    for (name, value) in value.as_object().into_iter().flatten() {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        println!("{name:<17} {text}");
    }
    Ok(())
}

async fn deactivate(context: &Context, link: &str) -> Result<(), Failure> {
    let link = find(context, link).await?;
    context
        .store
        .deactivate_link(link.terms.id, context.clock.now())
        .await?;
    println!("deactivated");
    Ok(())
}

async fn activate(context: &Context, link: &str) -> Result<(), Failure> {
    let link = find(context, link).await?;
    match context
        .store
        .activate_link(link.terms.id, context.clock.now())
        .await?
    {
        Activated::Done => println!("active"),
        Activated::Over => {
            return Err(Failure::new(
                "the link is expired or exhausted; links cannot be extended or refreshed",
            ));
        }
        Activated::NotFound => return Err(not_found()),
    }
    Ok(())
}

async fn delete(context: &Context, link: &str, yes: bool) -> Result<(), Failure> {
    let link = find(context, link).await?;
    output::confirm(&format!("Delete the link \"{}\" for good?", link.name), yes)?;
    context
        .store
        .delete_link(link.terms.id, context.clock.now())
        .await?;
    println!("deleted");
    Ok(())
}

/// The link of that id or slug.
pub(super) async fn find(context: &Context, text: &str) -> Result<Link, Failure> {
    let link = match (LinkId::parse(text), Slug::lookup(text)) {
        (Some(id), _) => context.store.link(id).await?,
        (None, Some(slug)) => context
            .store
            .link_by_slug(&slug)
            .await?
            .filter(|link| link.deleted_at.is_none()),
        (None, None) => None,
    };
    link.ok_or_else(not_found)
}

fn not_found() -> Failure {
    Failure::new("no link has this id or slug")
}

fn document(context: &Context, link: &Link) -> LinkDocument {
    LinkDocument::new(link, url(context, link), context.clock.now())
}

/// The address of a link's page.
pub(super) fn url(context: &Context, link: &Link) -> String {
    context.url_of(&link.terms.slug)
}
