//! Tables of any size as CSV (RFC 4180), read and written page by page: at no time is more than one page in memory, and
//! while a slow client takes its time the database is not held.

use std::future::Future;

use actix_web::body;
use actix_web::http::{Method, header};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;

use crate::store::StoreError;
use crate::web::problem::Problem;

/// Rows read at a time.
pub const PAGE: i64 = 500;

/// One row, a text for each column.
pub type Row = Vec<String>;

/// Rows, and from where to read on; none after the last.
pub type Part<C> = (Vec<Row>, Option<C>);

/// Answers a table named `file`. `read` reads the rows from a place on, or the first ones.
///
/// # Errors
/// When the first rows cannot be read. Later the answer breaks off instead, which every client notices.
pub async fn answer<C, R, Fut>(
    request: &HttpRequest,
    file: &str,
    columns: &[&str],
    read: R,
) -> Result<HttpResponse, Problem>
where
    C: 'static,
    R: Fn(Option<C>) -> Fut + 'static,
    Fut: Future<Output = Result<Part<C>, StoreError>>,
{
    let mut first = vec![columns.iter().map(|name| (*name).to_owned()).collect()];
    let (rows, next) = read(None).await?;
    first.extend(rows);
    let pages = stream::unfold(Some((Some(first), next, read)), async |left| {
        let (ready, next, read) = left?;
        let (rows, next) = match (ready, next) {
            (Some(rows), next) => (rows, next),
            (None, None) => return None,
            (None, from) => match read(from).await {
                Ok(part) => part,
                Err(error) => {
                    tracing::error!("an export broke off: {error}");
                    return Some((Err(error), None));
                }
            },
        };
        Some((Ok(encode(&rows)), Some((None, next, read))))
    });
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{file}\""),
        ));
    // Nobody reads the rest, so it is not read from the database either.
    if request.method() == Method::HEAD {
        return Ok(response.body(body::None::new()));
    }
    Ok(response.streaming(pages))
}

/// A text that may be missing, as a cell.
pub fn cell(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn encode(rows: &[Row]) -> Bytes {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        let cells = row.iter().map(|cell| harmless(cell));
        let written = writer.write_record(cells.collect::<Vec<_>>());
        written.expect("memory takes what is written, and all rows have equal lengths");
    }
    let text = writer.into_inner();
    text.expect("memory takes what is written").into()
}

/// A cell that no spreadsheet takes for a formula: one that begins like one gets an apostrophe before it.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be_and_never_formulas() {
        for (cell, written) in [
            ("plain", "plain"),
            ("two, parted", "\"two, parted\""),
            ("said \"so\"", "\"said \"\"so\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("1=1", "1=1"),
            ("Zürich 🎉", "Zürich 🎉"),
        ] {
            let row = vec!["a".to_owned(), cell.to_owned()];
            let text = encode(&[row]);
            assert_eq!(text, format!("a,{written}\r\n"), "{cell:?}");
        }
    }
}
