//! Rows that are inserted many by one statement.

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, params_from_iter};

/// So many rows are inserted by one statement at most.
const ROWS_MAX: usize = 32;

/// Inserts rows of `values` into what `into` says.
pub(super) fn insert<const COLUMNS: usize>(
    connection: &Connection,
    (into, values): (&str, &str),
    rows: &[[ToSqlOutput<'_>; COLUMNS]],
) -> rusqlite::Result<()> {
    for part in parts(rows) {
        let sql = format!("{into}VALUES {}", vec![values; part.len()].join(","));
        let values = params_from_iter(part.iter().flatten());
        connection.prepare_cached(&sql)?.execute(values)?;
    }
    Ok(())
}

/// Splits `rows` so that a few statements do for all lengths: powers of two.
fn parts<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = ROWS_MAX.min(1 << rows.len().checked_ilog2()?);
        let (part, rest) = rows.split_at(length);
        rows = rest;
        Some(part)
    })
}

pub(super) fn text(text: Option<&str>) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_split_into_powers_of_two() {
        let lengths = |n| parts(&vec![(); n]).map(<[()]>::len).collect::<Vec<_>>();
        assert_eq!(lengths(0), [0; 0]);
        assert_eq!(lengths(1), [1]);
        assert_eq!(lengths(14), [8, 4, 2]);
        assert_eq!(lengths(75), [32, 32, 8, 2, 1]);
    }
}
