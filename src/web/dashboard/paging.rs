//! Long lists, a page at a time, by cursor.

use super::operator::Visit;

/// Rows on a page.
pub const ROWS: i64 = 50;

/// The rows of one page, and the way to the others.
#[derive(Debug)]
pub struct Paging<T> {
    /// What is on it.
    pub rows: Vec<T>,
    /// The address of the first page, unless it is this.
    pub first: Option<String>,
    /// The address of the next page, if there is one.
    pub next: Option<String>,
}

impl<T> Paging<T> {
    /// Where the page begins: what `parse` makes of the address's cursor.
    pub fn cursor<I>(visit: &Visit, parse: fn(&str) -> Option<I>) -> Option<I> {
        visit.asked("cursor").and_then(parse)
    }

    /// The page of `rows`, which are one more than [`ROWS`] when there is a next page. All else in the address stays as it
    /// is.
    pub fn new(visit: &Visit, mut rows: Vec<T>, id: impl Fn(&T) -> String) -> Self {
        let most = usize::try_from(ROWS).unwrap_or(usize::MAX);
        let has_more = rows.len() > most;
        rows.truncate(most);
        let next = rows.last().filter(|_| has_more);
        Self {
            next: next.map(|row| address(visit, Some(&id(row)))),
            first: visit.asked("cursor").map(|_| address(visit, None)),
            rows,
        }
    }
}

/// The address of this page with another cursor.
fn address(visit: &Visit, cursor: Option<&str>) -> String {
    let others = visit.query.iter().filter(|(name, _)| name != "cursor");
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(others)
        .extend_pairs(cursor.map(|cursor| ("cursor", cursor)))
        .finish();
    if query.is_empty() {
        visit.path.clone()
    } else {
        format!("{}?{query}", visit.path)
    }
}
