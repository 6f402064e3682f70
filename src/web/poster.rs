//! A link's poster, as it is asked for.

use crate::domain::field_error::FieldErrors;
use crate::domain::flow::Flow;
use crate::domain::link::{Link, parse_name};
use crate::domain::locale::Locale;
use crate::i18n::Texts;
use crate::share::colour::Colour;
use crate::share::logo::Logo;
use crate::share::paper::Paper;
use crate::share::poster::Poster;

/// What can be asked of a poster, as it was sent.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// `a4`, `a5` or `letter`; none: A4.
    pub paper: Option<String>,
    /// The line above the code; none: the link's name.
    pub headline: Option<String>,
    /// Language of the hints; none: the link's, else English.
    pub language: Option<String>,
    /// Colour of the text; none: black.
    pub color: Option<String>,
    /// Colour of the sheet; none: white.
    pub background: Option<String>,
    /// What stands at the top; none: nothing.
    pub logo: Option<Logo>,
}

/// The poster of a link whose address is `url`; what is wrong with the wishes joins `errors`.
///
/// # Errors
/// Every field that is wrong.
pub fn of_link(
    link: &Link,
    url: String,
    wishes: Wishes,
    mut errors: FieldErrors,
) -> Result<Poster, FieldErrors> {
    let language = read(
        &mut errors,
        "language",
        wishes.language.as_deref(),
        Locale::parse,
    );
    let language = language.or(link.terms.language).unwrap_or(Locale::EN);
    let headline = read(
        &mut errors,
        "headline",
        wishes.headline.as_deref(),
        parse_name,
    );
    let paper = read(&mut errors, "paper", wishes.paper.as_deref(), Paper::parse);
    let colours = [("color", &wishes.color), ("background", &wishes.background)]
        .map(|(field, text)| read(&mut errors, field, text.as_deref(), Colour::parse));
    let [colour, background] = colours;
    let colour = colour.unwrap_or(Colour::BLACK);
    let background = background.unwrap_or(Colour::WHITE);
    if errors.is_empty() {
        let field = if wishes.color.is_some() {
            "color"
        } else {
            "background"
        };
        errors.check(field, colour.check_on(background));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let texts = Texts::of(language);
    let verify = match link.terms.flow {
        Flow::Selfie => "confirm-title-selfie",
        _ => "confirm-title",
    };
    Ok(Poster {
        url,
        headline: headline.unwrap_or_else(|| link.name.clone()),
        address_hint: texts.get("poster-address").into_owned(),
        steps: ["poster-scan", "poster-open", verify].map(|id| texts.get(id).into_owned()),
        language,
        paper: paper.unwrap_or_default(),
        logo: wishes.logo,
        colour,
        background,
    })
}

fn read<T>(
    errors: &mut FieldErrors,
    field: &str,
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    errors.check(field, parse(text?))
}
