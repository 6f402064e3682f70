//! `entrypass link import`

use std::collections::HashMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use actix_web::web::Bytes;
use clap::ValueEnum;
use serde_json::value::RawValue;

use super::import_once::{Beginning, Once};
use super::import_output::Output;
use super::{Context, Failure};
use crate::domain::link::parse_name;
use crate::domain::message::Channel;
use crate::domain::slug::Slug;
use crate::web::api::bulk_answer::{Form, Parts, Shown};
use crate::web::api::bulk_input::kinds::{Invitations, Links};
use crate::web::api::bulk_input::pace::Pace;
use crate::web::api::bulk_input::{Batch, Format, Refusal, Rows};
use crate::web::api::bulk_made::{Receipt, is_made};
use crate::web::api::invitation_input::Common;
use crate::web::api::presets_known::Presets;
use crate::web::api::sheet::Sheet;

/// Rows between two reports of how far it is.
const REPORT_EVERY: usize = 10_000;

const SENDING_OFF: &str =
    "sending is not set up for this channel: see [email] and [sms] of the settings";

pub const EXAMPLES: &str = "Examples:
  entrypass link import customers.csv --dry-run          says what is wrong, row by row, and makes nothing
  entrypass link import customers.csv -o urls.csv
  entrypass link import links.json > urls.csv
  entrypass link import customers.csv --idempotency-key 2027-03 > urls.csv   can be given again
  entrypass link import people.csv --campaign 'Spring review' --send email -o urls.csv

A CSV has a header, in any order, of: name, usage (single, multi or unlimited), limit, expires_at, language, flow, slug,
confirm, resume, accept_ref, signed, inactive_message, preset, token.<parameter> (such as token.clientId). Commas or semicolons,
UTF-8. Several values in one cell are parted by |.

A CSV with a column client_id, or one imported with --campaign or --send, names people to be invited, a single-use link
each: client_id, first_name, last_name, email, phone, date_of_birth, language, flow, name, expires_at, confirm, preset,
token.<parameter>.

JSON is {\"links\": [...]} or {\"invitations\": [...]}, as the API takes it.";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file; - is the standard input
    file: PathBuf,
    /// Check everything and make nothing
    #[arg(long)]
    dry_run: bool,
    /// The rows are people to be invited in the campaign of this name, which is made where there is none
    #[arg(long, value_name = "NAME")]
    campaign: Option<String>,
    /// Send each of them the invitation: email or sms
    #[arg(long, value_name = "CHANNEL")]
    send: Option<String>,
    /// The same import under the same key makes nothing again and prints the same result, for a day
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Default: JSON where the file's name ends in .json, else CSV
    #[arg(long, value_enum)]
    format: Option<FormatArgument>,
    /// Where to write the result, which must not exist; default: the standard output
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArgument {
    Csv,
    Json,
}

pub async fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let format = args.format();
    let given = read_file(&args.file)?;
    let common = args.common()?;
    if common == Common::default() && !invites(format, &given) {
        return import(context, args, format, given, Links).await;
    }
    if let Some(channel) = common.send
        && !context.sends(channel)
    {
        return Err(Failure::new(SENDING_OFF));
    }
    let sends = Channel::ALL.map(|channel| context.sends(channel));
    let people = Invitations {
        common,
        sends,
        campaign: None,
    };
    import(context, args, format, given, people).await
}

async fn import<R: Shown>(
    context: &Context,
    args: Args,
    format: Format,
    given: Bytes,
    kind: R,
) -> Result<(), Failure> {
    let list = R::LIST;
    if args.dry_run {
        let batch = read(format, &given, &new_receipt(context).await?, kind)?;
        refuse_taken(context, &batch).await?;
        eprintln!("All {} {list} are right. Nothing was made.", batch.len());
        return Ok(());
    }
    // Opened first: where the result cannot be written nothing is made.
    let said = args.said(list);
    let mut result = Output::open(args.output)?;
    let made = if let Some(key) = &args.idempotency_key {
        make_once(context, key, &said, format, &given, kind).await
    } else {
        let receipt = new_receipt(context).await?;
        let made = make(context, format, &given, kind, receipt).await;
        made.map(|(batch, _)| batch)
    };
    let batch = match made {
        Ok(batch) => batch,
        Err(failure) => {
            result.remove();
            return Err(failure);
        }
    };
    eprintln!("{} {list} were made.", batch.len());
    let url_of = |slug: &Slug| context.url_of(slug);
    for part in Parts::new(
        Form::Csv,
        format,
        &given,
        batch,
        url_of,
        context.clock.now(),
    ) {
        result.write(&part)?;
    }
    result.end()
}

impl Args {
    fn common(&self) -> Result<Common, Failure> {
        let (campaign, send) = (self.campaign.as_deref(), self.send.as_deref());
        let wrong = |name: &str, why: String| Failure::new(format!("--{name}: {why}"));
        Ok(Common {
            campaign: campaign
                .map(parse_name)
                .transpose()
                .map_err(|why| wrong("campaign", why))?,
            send: send
                .map(Channel::parse)
                .transpose()
                .map_err(|why| wrong("send", why))?,
        })
    }

    /// What is said of the file, without where it lies.
    fn said(&self, list: &str) -> String {
        let (campaign, send) = (&self.campaign, &self.send);
        format!("{list} {:?} {campaign:?} {send:?}", self.format())
    }

    fn format(&self) -> Format {
        let is_json = self
            .file
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("json"));
        match self.format {
            Some(FormatArgument::Json) => Format::Json,
            None if is_json => Format::Json,
            Some(FormatArgument::Csv) | None => Format::Csv,
        }
    }
}

fn read_file(file: &Path) -> Result<Bytes, Failure> {
    let name = file.display();
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        io::stdin().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(file).map_err(|error| Failure::new(format!("{name}: {error}")))?;
    }
    Ok(bytes.into())
}

fn read<R: Rows>(
    format: Format,
    given: &Bytes,
    from: &Receipt,
    kind: R,
) -> Result<Batch<R>, Failure> {
    let mut rows = 0;
    let batch = Batch::read(kind, format, given, &from.presets, from.seed, |row| {
        rows = row;
        if row % REPORT_EVERY == 0 {
            eprintln!("{row} rows checked");
        }
    });
    batch.map_err(|refusal| match refusal {
        Refusal::Unreadable(why) => Failure::new(why),
        Refusal::SendingOff => Failure::new(SENDING_OFF),
        Refusal::Wrong(errors) => {
            for error in errors.iter() {
                eprintln!("{error}");
            }
            Failure::new(format!(
                "{} mistakes in {rows} rows ({}[0] is the first); nothing was made",
                errors.iter().len(),
                R::LIST
            ))
        }
    })
}

async fn refuse_taken<R: Rows>(context: &Context, batch: &Batch<R>) -> Result<(), Failure> {
    let chosen = batch.chosen().iter();
    let (places, slugs): (Vec<usize>, Vec<&Slug>) = chosen.map(|(at, slug)| (*at, slug)).unzip();
    let taken = context.store.taken_slugs(&slugs).await?;
    for at in &taken.for_good {
        eprintln!(
            "links[{}].slug: another link has or had this slug",
            places[*at]
        );
    }
    if !taken.for_good.is_empty() {
        return Err(Failure::new(format!(
            "{} slugs are taken; nothing was made",
            taken.for_good.len()
        )));
    }
    if taken.for_now.is_empty() {
        Ok(())
    } else {
        Err(ask_again())
    }
}

/// Slugs are held that may be free soon, as those are of rows which a dead process left.
fn ask_again() -> Failure {
    Failure::new(
        "slugs are held by links that are being made or cleared away: try again in a minute",
    )
    .unsure()
}

/// From what rows are made now.
async fn new_receipt(context: &Context) -> Result<Receipt, Failure> {
    Ok(Receipt {
        seed: context.clock.uuid(),
        presets: Presets::all(&context.store).await?,
    })
}

/// Makes the rows; those that are there already, made from the same, are found.
async fn make<R: Rows>(
    context: &Context,
    format: Format,
    given: &Bytes,
    kind: R,
    mut from: Receipt,
) -> Result<(Batch<R>, Receipt), Failure> {
    let store = &context.store;
    let mut batch = read(format, given, &from, kind)?;
    from.presets = from.presets.only(&batch.asked);
    if is_made(store, &mut batch, from.seed).await? {
        return Ok((batch, from));
    }
    // The slugs of rows that a dead process left are free again.
    store.drop_dead_imports(&context.clock).await?;
    refuse_taken(context, &batch).await?;
    eprintln!("{} {} are right and are being made", batch.len(), R::LIST);
    let kept = batch.keep(store, &context.clock, Pace::elsewhere()).await;
    if kept.map_err(|error| Failure::from(error).unsure())? {
        return Ok((batch, from));
    }
    // Somebody took a slug in between; whether for good is looked up.
    refuse_taken(context, &batch).await?;
    Err(ask_again())
}

/// The same, once for all who name the key.
async fn make_once<R: Rows>(
    context: &Context,
    key: &str,
    said: &str,
    format: Format,
    given: &Bytes,
    kind: R,
) -> Result<Batch<R>, Failure> {
    match Once::begin(context, key, said, given).await? {
        (once, Beginning::First(seed)) => {
            let presets = new_receipt(context).await?.presets;
            let make = make(context, format, given, kind, Receipt { seed, presets });
            once.make(seed, make).await
        }
        (_, Beginning::Made(receipt)) => {
            let made = make(context, format, given, kind, receipt).await;
            made.map(|(batch, _)| batch)
        }
    }
}

/// Whether a file names people to be invited, and not links.
fn invites(format: Format, given: &Bytes) -> bool {
    match format {
        Format::Csv => Sheet::open(given)
            .is_ok_and(|sheet| sheet.header.iter().any(|name| name.trim() == "client_id")),
        Format::Json => serde_json::from_slice::<HashMap<String, &RawValue>>(given)
            .is_ok_and(|top| top.contains_key(Invitations::LIST)),
    }
}
