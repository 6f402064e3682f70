//! What was typed into a form, kept as typed, and what is wrong with it.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::stream;

use super::refused::Refused;
use crate::domain::field_error::FieldErrors;

/// The field that holds a form's token.
pub(super) const TOKEN: &str = "csrf";

/// The field that every form carries the time zone in that it was shown in.
pub(super) const ZONE: &str = "zone";

/// A form: its values as typed, and a sentence for each field that is wrong. Taken by a handler, it is the one that was
/// posted, its token checked.
#[derive(Debug, Clone, Default)]
pub struct Form {
    pairs: Vec<(String, String)>,
    files: Vec<(String, Bytes)>,
    errors: FieldErrors,
}

impl Form {
    /// A form with these values, as a page shows it first.
    #[must_use]
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            pairs: pairs.iter().map(own).collect(),
            ..Self::default()
        }
    }

    /// Adds a value to those that a page shows first.
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.pairs.push((name.into(), value.into()));
    }

    /// Reads `application/x-www-form-urlencoded`.
    pub(super) fn read(body: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(body);
        Self {
            pairs: pairs.into_owned().collect(),
            ..Self::default()
        }
    }

    /// Reads `multipart/form-data`.
    pub(super) async fn read_with_files(body: Bytes, boundary: String) -> Result<Self, Refused> {
        let body = stream::once(ready(Ok::<_, Infallible>(body)));
        let mut parts = multer::Multipart::new(body, boundary);
        let mut form = Self::default();
        let broken = |_| Refused::BadForm;
        while let Some(part) = parts.next_field().await.map_err(broken)? {
            let name = part.name().unwrap_or_default().to_owned();
            if part.file_name().is_some() {
                form.files.push((name, part.bytes().await.map_err(broken)?));
            } else {
                form.pairs.push((name, part.text().await.map_err(broken)?));
            }
        }
        Ok(form)
    }

    /// The file that was chosen for a field.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&Bytes> {
        let mut chosen = self.files.iter();
        let (_, file) = chosen.find(|(n, file)| n == name && !file.is_empty())?;
        Some(file)
    }

    /// Takes a field out: it is not shown again.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.pairs.iter().position(|(n, _)| n == name)?;
        Some(self.pairs.remove(at).1)
    }

    /// What was typed; empty where nothing was.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        self.values(name).next().unwrap_or_default()
    }

    /// All values of a field that may be given several times.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether that choice was made, of a box or a list.
    #[must_use]
    pub fn chose(&self, name: &str, value: &str) -> bool {
        self.values(name).any(|chosen| chosen == value)
    }

    /// Whether a field holds what it does in another form; one that is left empty is as one that is not there.
    #[must_use]
    pub fn holds_as(&self, name: &str, other: &Self) -> bool {
        let typed = |value: &&str| !value.trim().is_empty();
        self.values(name)
            .filter(typed)
            .eq(other.values(name).filter(typed))
    }

    /// What is wrong with a field.
    #[must_use]
    pub fn error(&self, name: &str) -> Option<&str> {
        let mut errors = self.errors.iter();
        let error = errors.find(|error| error.field == name)?;
        Some(&error.message)
    }

    /// Notes that a field is wrong. `message` follows the field's label, such as `must be …`.
    pub fn wrong(&mut self, name: &str, message: impl Into<String>) {
        self.errors.push(name, message);
    }

    /// Takes what `parse` makes of a field, or notes its message there.
    pub fn parse<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let parsed = parse(self.value(name));
        self.errors.check(name, parsed)
    }

    /// Adds errors found elsewhere, their fields named as there; what is wrong with a value of a list is wrong with the
    /// list. The first message of each field is kept.
    pub fn extend(&mut self, errors: &FieldErrors) {
        for error in errors.iter() {
            let name = error.field.split('[').next().unwrap_or_default();
            if self.error(name).is_none() {
                self.errors.push(name, &*error.message);
            }
        }
    }

    /// Whether something is wrong.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        !self.errors.is_empty()
    }

    /// How many fields are wrong.
    #[must_use]
    pub fn wrong_count(&self) -> usize {
        self.errors.iter().len()
    }
}

impl FromRequest for Form {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let form = request.extensions().get::<Self>().cloned();
        ready(form.ok_or(Refused::BadForm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stays_beside_what_is_wrong_with_it() {
        let mut form = Form::read(b"name=+A%26B&day=mo&day=tu&n=x");
        assert_eq!(form.value("name"), " A&B");
        assert!(form.chose("day", "tu") && !form.chose("day", "we"));
        let n = form.parse("n", |text| {
            text.parse::<u8>().map_err(|_| "must be a number".into())
        });
        assert_eq!((n, form.value("n")), (None, "x"));
        assert_eq!(form.error("n"), Some("must be a number"));
        assert_eq!((form.error("name"), form.wrong_count()), (None, 1));
        assert_eq!(form.take("name"), Some(" A&B".into()));
        assert_eq!(form.value("name"), "");
    }
}
