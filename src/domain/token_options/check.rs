//! Whether a value is of its parameter's kind.

use std::cell::Cell;
use std::sync::LazyLock;

use chrono::NaiveDate;
use regex::Regex;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::super::country;
use super::super::field_error::FieldErrors;
use super::spec::{Field, Kind, OBJECT_BYTES, OBJECT_LEVELS, URL_MIN};

/// What a check of one value says: nothing, or a message that does not repeat the value.
type Checked = Result<(), String>;

/// Notes everything wrong with `value`: at the name of `field`, or at its items (`country[0]`).
pub(super) fn check(field: &Field, value: &Value, errors: &mut FieldErrors) {
    let name = field.name;
    let checked = match field.kind {
        Kind::Flag => require(value.is_boolean(), "must be true or false"),
        Kind::Integer(min, max) => require(
            value
                .as_i64()
                .is_some_and(|number| (min..=max).contains(&number)),
            format!("must be a whole number from {min} to {max}"),
        ),
        Kind::Number(None) => require(value.is_number(), "must be a number"),
        Kind::Number(Some((min, max))) => require(
            value
                .as_f64()
                .is_some_and(|number| (min..=max).contains(&number)),
            format!("must be a number from {min} to {max}"),
        ),
        Kind::Text(most) => text(value, most).map(drop),
        Kind::Ascii(most) => text(value, most).and_then(ascii),
        Kind::Name(most) => text(value, most).and_then(person_name),
        Kind::Date => require(is_date(value), "must be a date that exists, as YYYY-MM-DD"),
        Kind::Nationality if value == "ALL" => Ok(()),
        Kind::Nationality => country(value).map_err(|message| message + ", or ALL"),
        Kind::CountryOrCountries if !value.is_array() => {
            country(value).map_err(|message| message + ", or an array of such codes")
        }
        Kind::CountryOrCountries | Kind::Countries => {
            return list(name, value, country::CODES.len(), country, errors);
        }
        Kind::OneOf(words) => one_of(value, words),
        Kind::SomeOf(words) => {
            return list(name, value, words.len(), |item| one_of(item, words), errors);
        }
        Kind::Texts(items, most) => {
            return list(
                name,
                value,
                items,
                |item| text(item, most).map(drop),
                errors,
            );
        }
        Kind::Url(most) => text(value, most).and_then(https_url),
        Kind::Uuid => require(is_uuid(value), "must be a UUID"),
        Kind::UuidOrInteger => require(
            is_uuid(value) || value.is_u64(),
            "must be a UUID or a whole number that is not negative",
        ),
        Kind::Object => object(value),
    };
    errors.check(name, checked);
}

fn require(fits: bool, message: impl Into<String>) -> Checked {
    if fits { Ok(()) } else { Err(message.into()) }
}

/// Checks a list: not empty, at most `most` items, each good by `check_item` and none twice.
fn list(
    name: &str,
    value: &Value,
    most: usize,
    check_item: impl Fn(&Value) -> Checked,
    errors: &mut FieldErrors,
) {
    let Some(items) = value.as_array() else {
        return errors.push(name, "must be an array");
    };
    // A bound on the number of items also bounds the answer to a hostile list.
    if items.is_empty() || items.len() > most {
        return errors.push(name, format!("must have 1 to {most} values"));
    }
    for (index, item) in items.iter().enumerate() {
        let path = format!("{name}[{index}]");
        if errors.check(&path, check_item(item)).is_some() && items[..index].contains(item) {
            errors.push(path, "must not be given twice");
        }
    }
}

fn text(value: &Value, most: usize) -> Result<&str, String> {
    let text = value.as_str().ok_or("must be a text")?;
    require(
        !text.trim().is_empty() && text.chars().count() <= most,
        format!("must have 1 to {most} characters and not be blank"),
    )?;
    require(!text.contains(char::is_control), NO_CONTROLS)?;
    Ok(text)
}

const NO_CONTROLS: &str = "must not contain control characters";

fn ascii(text: &str) -> Checked {
    require(text.is_ascii(), "must contain ASCII characters only")
}

/// iDenfy takes letters and none of `~!@#$%^*()_+={}[]\|:;",<>/?`.
///
/// Marks belong to the letters of many scripts; what joins the parts of real names is not on that
/// list: spaces, full stops, apostrophes, hyphens, the joiners of Persian and Indic scripts.
static PERSON_NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[\p{M} .'’\-\u{200C}\u{200D}]*\p{L}[\p{L}\p{M} .'’\-\u{200C}\u{200D}]*$")
        .expect("the expression is constant")
});

fn person_name(text: &str) -> Checked {
    require(
        PERSON_NAME.is_match(text),
        "must contain letters only; spaces, hyphens, apostrophes and full stops may join them",
    )
}

fn is_date(value: &Value) -> bool {
    value
        .as_str()
        // The length excludes years beyond 9999, which chrono writes with a sign.
        .filter(|text| text.len() == "YYYY-MM-DD".len())
        // Writing the date out again excludes what the parser lets pass, such as ` 2000-1-1`.
        .is_some_and(|text| {
            text.parse::<NaiveDate>()
                .is_ok_and(|date| date.to_string() == text)
        })
}

fn country(value: &Value) -> Checked {
    require(
        value.as_str().is_some_and(country::is_code),
        "must be an ISO 3166-1 alpha-2 country code in upper case, such as DE",
    )
}

fn one_of(value: &Value, words: &[&str]) -> Checked {
    require(
        value.as_str().is_some_and(|text| words.contains(&text)),
        format!("must be one of {}", words.join(", ")),
    )
}

/// Strict where the parser mends: what is kept is sent as it was written.
fn https_url(text: &str) -> Checked {
    let mended = Cell::new(false);
    let note = |_| mended.set(true);
    let parsed = Url::options()
        .syntax_violation_callback(Some(&note))
        .parse(text);
    let fits = text.is_ascii()
        && text.len() >= URL_MIN
        && parsed.is_ok_and(|url| url.scheme() == "https")
        && !mended.get();
    require(
        fits,
        "must be a well-formed https URL in ASCII, such as https://example.com/done",
    )
}

fn is_uuid(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.len() == 36 && Uuid::try_parse(text).is_ok())
}

fn object(value: &Value) -> Checked {
    require(value.is_object(), "must be an object")?;
    plain(value, OBJECT_LEVELS)?;
    require(
        value.to_string().len() <= OBJECT_BYTES,
        format!("must not be longer than {OBJECT_BYTES} bytes as JSON"),
    )
}

/// Checks that `value` nests at most `levels` deep and has no control characters anywhere.
fn plain(value: &Value, levels: usize) -> Checked {
    let texts_fit = |text: &str| require(!text.contains(char::is_control), NO_CONTROLS);
    match value {
        Value::String(text) => texts_fit(text),
        Value::Array(_) | Value::Object(_) if levels == 0 => {
            Err(format!("must not nest deeper than {OBJECT_LEVELS} levels"))
        }
        Value::Array(items) => items.iter().try_for_each(|item| plain(item, levels - 1)),
        Value::Object(map) => map.iter().try_for_each(|(name, item)| {
            texts_fit(name)?;
            plain(item, levels - 1)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}
