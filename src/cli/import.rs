//! `entrypass link import`

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use actix_web::web::Bytes;
use clap::ValueEnum;

use super::{Context, Failure};
use crate::domain::link::Link;
use crate::domain::slug::Slug;
use crate::web::api::bulk_answer::{Form, Parts};
use crate::web::api::bulk_input::{Batch, Format, Refusal};
use crate::web::api::presets_known::Presets;

/// Rows between two reports of how far it is.
const REPORT_EVERY: usize = 10_000;

pub const EXAMPLES: &str = "Examples:
  entrypass link import customers.csv --dry-run          says what is wrong, row by row, and makes nothing
  entrypass link import customers.csv -o urls.csv
  entrypass link import links.json > urls.csv

A CSV has a header, in any order, of: name, usage (single, multi or unlimited), limit, expires_at, language, flow, slug,
confirm, resume, accept_ref, signed, inactive_message, preset, token.<parameter> (such as token.clientId). Commas or semicolons,
UTF-8. Several values in one cell are parted by |. JSON is {\"links\": [...]}, as the API takes it.";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file; - is the standard input
    file: PathBuf,
    /// Check everything and make nothing
    #[arg(long)]
    dry_run: bool,
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
    let presets = Presets::all(&context.store).await?;
    let batch = read(context, format, &given, &presets)?;
    refuse_taken(context, &batch).await?;
    let checked = batch.links.len();
    if args.dry_run {
        eprintln!("All {checked} links are right. Nothing was made.");
        return Ok(());
    }
    // Opened first: where the result cannot be written nothing is made.
    let mut result = Output::open(args.output)?;
    let links = match make(context, batch).await {
        Ok(links) => links,
        Err(failure) => {
            result.remove();
            return Err(failure);
        }
    };
    eprintln!("{checked} links were made.");
    let url_of = |slug: &Slug| context.url_of(slug);
    for part in Parts::new(
        Form::Csv,
        format,
        &given,
        links,
        url_of,
        context.clock.now(),
    ) {
        result.write(&part)?;
    }
    result.end()
}

impl Args {
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

fn read(
    context: &Context,
    format: Format,
    given: &Bytes,
    presets: &Presets,
) -> Result<Batch, Failure> {
    let mut rows = 0;
    let batch = Batch::read(format, given, presets, context.clock.uuid(), |row| {
        rows = row;
        if row % REPORT_EVERY == 0 {
            eprintln!("{row} rows checked");
        }
    });
    batch.map_err(|refusal| match refusal {
        Refusal::Unreadable(why) => Failure::new(why),
        Refusal::Wrong(errors) => {
            for error in errors.iter() {
                eprintln!("{error}");
            }
            Failure::new(format!(
                "{} mistakes in {rows} rows (links[0] is the first); nothing was made",
                errors.iter().len()
            ))
        }
    })
}

async fn refuse_taken(context: &Context, batch: &Batch) -> Result<(), Failure> {
    let (places, slugs): (Vec<usize>, Vec<&Slug>) = batch.chosen().into_iter().unzip();
    let taken = context.store.taken_slugs(&slugs).await?;
    for at in &taken {
        eprintln!(
            "links[{}].slug: another link has or had this slug",
            places[*at]
        );
    }
    if taken.is_empty() {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{} slugs are taken; nothing was made",
            taken.len()
        )))
    }
}

async fn make(context: &Context, mut batch: Batch) -> Result<Vec<Link>, Failure> {
    while let Err(place) = context.store.insert_links(&batch.links).await? {
        if batch.is_chosen(place) {
            let message =
                format!("links[{place}].slug: another link has or had this slug; nothing was made");
            return Err(Failure::new(message));
        }
        batch.links[place].terms.slug = Slug::generate();
    }
    Ok(batch.links)
}

/// Where the result goes. It holds the links' addresses, each of which is the right to start a session: a file is for its
/// owner alone.
enum Output {
    Standard,
    File(PathBuf, File),
}

impl Output {
    fn open(path: Option<PathBuf>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::Standard);
        };
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match file {
            Ok(file) => Ok(Self::File(path, file)),
            Err(error) => Err(Failure::new(format!("{}: {error}", path.display()))),
        }
    }

    fn write(&mut self, part: &[u8]) -> Result<(), Failure> {
        let written = match self {
            Self::Standard => io::stdout().write_all(part),
            Self::File(_, file) => file.write_all(part),
        };
        written.map_err(|error| {
            Failure::new(format!(
                "the links were made, but the result cannot be written: {error}"
            ))
        })
    }

    fn end(self) -> Result<(), Failure> {
        match self {
            Self::Standard => io::stdout().flush()?,
            Self::File(_, file) => file.sync_all()?,
        }
        Ok(())
    }

    fn remove(self) {
        if let Self::File(path, _) = self {
            // What is left behind is an empty file.
            let _ = std::fs::remove_file(path);
        }
    }
}
