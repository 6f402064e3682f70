//! Query strings: filters, and pages by cursor.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::domain::field_error::FieldErrors;
use crate::web::problem::Problem;

/// Items on a page when none are asked for.
const LIMIT_DEFAULT: i64 = 50;
/// Most items on a page.
const LIMIT_MAX: i64 = 200;
/// Longest value of a filter, in characters.
const FILTER_MAX: usize = 200;

/// One page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// Pass it as `cursor` to get the next page; null on the last one.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page of at most `limit` of `items`, of which there is one more when there is a next page.
    pub fn new<I: Into<T>>(mut items: Vec<I>, limit: i64, id: impl Fn(&I) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(id);
        Self {
            items: items.into_iter().map(Into::into).collect(),
            next_cursor,
        }
    }
}

/// The parameters that all lists have.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Most items on the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before, to get the one after it.
    pub cursor: Option<String>,
}

/// The parameters of a list.
#[derive(Debug)]
pub struct Query {
    values: BTreeMap<String, Vec<String>>,
    errors: FieldErrors,
}

/// The parameters of a page.
const PAGING: [&str; 2] = ["limit", "cursor"];

impl Query {
    /// Reads the query string of a list; parameters other than `allowed`, `limit` and `cursor` are refused.
    #[must_use]
    pub fn read(request: &HttpRequest, allowed: &[&str]) -> Self {
        Self::read_only(request, &[allowed, &PAGING].concat())
    }

    /// Reads the query string of what has no pages; parameters other than `allowed` are refused.
    #[must_use]
    pub fn read_only(request: &HttpRequest, allowed: &[&str]) -> Self {
        let mut query = Self {
            values: BTreeMap::new(),
            errors: FieldErrors::default(),
        };
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            if !allowed.contains(&&*name) {
                query.errors.push(name, "unknown parameter");
            } else if value.chars().count() > FILTER_MAX || value.chars().any(char::is_control) {
                let message =
                    format!("must have at most {FILTER_MAX} characters, none of them control");
                query.errors.push(name, message);
            } else if !value.is_empty() {
                let values = query.values.entry(name.into_owned()).or_default();
                values.push(value.into_owned());
            }
        }
        query
    }

    /// The value of a filter; the last where there are several.
    #[must_use]
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.values.remove(name)?.pop()
    }

    /// The values of a filter, which may be given several times, and parted by commas.
    pub fn take_each<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let values = self.values.remove(name).unwrap_or_default();
        let each = values.iter().flat_map(|value| value.split(','));
        each.filter_map(|value| self.errors.check(name, parse(value.trim())))
            .collect()
    }

    /// The value of a filter that must be an id.
    pub fn take_id<T>(&mut self, name: &str, parse: fn(&str) -> Option<T>) -> Option<T> {
        let value = self.take(name)?;
        let id = parse(&value);
        if id.is_none() {
            self.errors.push(name, "must be an id");
        }
        id
    }

    /// Takes what `parse` makes of the value of a filter.
    pub fn take_as<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.take(name)?;
        self.errors.check(name, parse(&value))
    }

    /// Notes that a header is wrong, too.
    pub fn wrong(&mut self, name: &str, message: &str) {
        self.errors.push(name, message);
    }

    /// Ends the reading of what has no pages.
    ///
    /// # Errors
    /// Every parameter that was wrong.
    pub fn end(self) -> Result<(), Problem> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(self.errors))
        }
    }

    /// What is wrong so far, to which more may be added; ends the reading of what has no pages.
    #[must_use]
    pub fn into_errors(self) -> FieldErrors {
        self.errors
    }

    /// How many items, and before which; ends the reading.
    ///
    /// # Errors
    /// Every parameter that was wrong.
    pub fn page<T>(mut self, parse: fn(&str) -> Option<T>) -> Result<(i64, Option<T>), Problem> {
        let limit = self
            .take("limit")
            .map_or(Some(LIMIT_DEFAULT), |text| text.parse().ok());
        let limit = limit.filter(|limit| (1..=LIMIT_MAX).contains(limit));
        if limit.is_none() {
            self.errors.push(
                "limit",
                format!("must be a whole number from 1 to {LIMIT_MAX}"),
            );
        }
        let cursor = self.take("cursor");
        let before = cursor.as_deref().and_then(parse);
        if cursor.is_some() && before.is_none() {
            self.errors
                .push("cursor", "must be a next_cursor of this list");
        }
        match limit {
            Some(limit) if self.errors.is_empty() => Ok((limit, before)),
            _ => Err(Problem::invalid(self.errors)),
        }
    }
}
