//! Tables for people.

use std::io::{IsTerminal, Write};

use super::Failure;

/// Rows read at a time of a list that has no end.
pub const PAGE: i64 = 1000;

/// All rows of a list: `page` reads the first [`PAGE`] of those after the one it is given.
pub async fn all<T, E>(page: impl AsyncFn(Option<&T>) -> Result<Vec<T>, E>) -> Result<Vec<T>, E> {
    let mut rows = Vec::new();
    loop {
        let more = page(rows.last()).await?;
        if more.is_empty() {
            return Ok(rows);
        }
        rows.extend(more);
    }
}

/// Prints rows in columns as wide as their widest cell; the last column is not padded.
pub fn table(header: &[&str], rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = header.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let header: Vec<String> = header.iter().map(|cell| (*cell).to_owned()).collect();
    for row in std::iter::once(&header).chain(rows) {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        println!("{}", cells.join("  ").trim_end());
    }
}

/// Prints a document as JSON.
pub fn json(document: &impl serde::Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(document)?);
    Ok(())
}

/// Asks before something is deleted: on a terminal, unless `yes` was given.
pub fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    if yes || !std::io::stdin().is_terminal() {
        return Ok(());
    }
    eprint!("{question} [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()) {
        Ok(())
    } else {
        Err(Failure::new("not deleted"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_list_longer_than_a_page_is_read_to_its_end() {
        let page = async |last: Option<&i64>| {
            let from = last.map_or(0, |last| last + 1);
            Ok::<_, Failure>((from..(from + PAGE).min(2500)).collect())
        };
        let rows = all(page).await.expect("rows");
        assert_eq!(rows, (0..2500).collect::<Vec<_>>());
    }
}
