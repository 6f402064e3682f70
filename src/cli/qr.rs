//! `entrypass qr`

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::{Context, Failure, link};
use crate::domain::field_error::FieldErrors;
use crate::share::logo::Logo;
use crate::share::qr::Code;
use crate::web::api::share::parse_size;
use crate::web::poster::{Wishes, of_link};

pub const EXAMPLES: &str = "Examples:
  entrypass qr berlin-fair --format svg -o berlin-fair.svg
  entrypass qr berlin-fair --format png --size 1024 -o berlin-fair.png
  entrypass qr berlin-fair --format pdf --poster --paper letter --logo acme.svg -o poster.pdf";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id or slug
    link: String,
    /// What the file is to be; a poster is png or pdf
    #[arg(long)]
    format: Format,
    /// Where to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Width and height of a PNG without a poster, in pixels: 64 to 4096 [default: 512]
    #[arg(long, value_name = "PIXELS", conflicts_with = "poster")]
    size: Option<String>,
    /// A sheet to print: headline, code, address and three steps
    #[arg(long)]
    poster: bool,
    /// What the poster is printed on: a4 (the default), a5 or letter
    #[arg(long, requires = "poster")]
    paper: Option<String>,
    /// The line above the poster's code; default: the link's name
    #[arg(long, requires = "poster")]
    headline: Option<String>,
    /// Language of the poster; default: the link's, else en
    #[arg(long, requires = "poster")]
    language: Option<String>,
    /// Colour of the poster's text, such as 1a2b3c; default: black
    #[arg(long, requires = "poster")]
    color: Option<String>,
    /// Colour of the poster's sheet; default: white
    #[arg(long, requires = "poster")]
    background: Option<String>,
    /// A picture for the top of the poster: a PNG, or an SVG of shapes alone; at most 1 MiB
    #[arg(long, requires = "poster", value_name = "FILE")]
    logo: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Svg,
    Png,
    Pdf,
}

pub async fn run(context: Context, args: Args) -> Result<(), Failure> {
    let link = link::find(&context, &args.link).await;
    context.store.close().await;
    let link = link?;
    let url = link::url(&context, &link);
    let bytes = if args.poster {
        let wishes = Wishes {
            paper: args.paper,
            headline: args.headline,
            language: args.language,
            color: args.color,
            background: args.background,
            logo: args.logo.as_deref().map(logo).transpose()?,
        };
        let poster = of_link(&link, url, wishes, FieldErrors::default())
            .map_err(|errors| Failure::fields(&errors))?;
        match args.format {
            Format::Pdf => poster.pdf()?,
            Format::Png => poster.png()?,
            Format::Svg => return Err(Failure::new("--format: a poster is png or pdf")),
        }
    } else {
        let code = Code::of_link(&url)?;
        match args.format {
            Format::Svg => code.svg().into_bytes(),
            Format::Pdf => code.pdf()?,
            Format::Png => {
                let size = parse_size(args.size.as_deref());
                let size = size.map_err(|why| Failure::new(format!("--size: {why}")))?;
                code.png(size)?
            }
        }
    };
    std::fs::write(&args.output, bytes)
        .map_err(|error| Failure::new(format!("{}: {error}", args.output.display())))
}

fn logo(file: &Path) -> Result<Logo, Failure> {
    let bytes = std::fs::read(file)
        .map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
    Logo::read(&bytes).map_err(|why| Failure::new(format!("--logo: {why}")))
}
