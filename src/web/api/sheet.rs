//! A CSV file as spreadsheets write it: commas or semicolons, UTF-8 with or without byte order mark, cells quoted or not.

use std::io::Cursor;

use actix_web::web::Bytes;
use csv::{ReaderBuilder, StringRecord, WriterBuilder};

/// UTF-8's byte order mark, by which Excel knows UTF-8.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// Where a row is written first: most are shorter.
const ROW_BYTES: usize = 512;

/// A file being read row by row.
pub struct Sheet {
    reader: csv::Reader<Cursor<Bytes>>,
    /// The names of the columns.
    pub header: StringRecord,
    has_bom: bool,
    delimiter: u8,
}

impl Sheet {
    /// Reads the header.
    ///
    /// # Errors
    /// A sentence for the sender, when the file is not UTF-8.
    pub fn open(file: &Bytes) -> Result<Self, String> {
        let has_bom = file.starts_with(BOM);
        let text = file.slice(if has_bom { BOM.len() } else { 0 }..);
        if let Err(error) = std::str::from_utf8(&text) {
            let line = text[..error.valid_up_to()].split(|b| *b == b'\n').count();
            return Err(format!("The CSV is not UTF-8: line {line}."));
        }
        let delimiter = delimiter(&text);
        let mut sheet = Self {
            reader: ReaderBuilder::new()
                .delimiter(delimiter)
                .has_headers(false)
                .flexible(true)
                .from_reader(Cursor::new(text)),
            header: StringRecord::new(),
            has_bom,
            delimiter,
        };
        let mut header = StringRecord::new();
        sheet.read(&mut header);
        sheet.header = header;
        Ok(sheet)
    }

    /// Reads the next row that is not empty into `row`; tells its line, counted from 1. `None` after the last one.
    pub fn read(&mut self, row: &mut StringRecord) -> Option<u64> {
        loop {
            // The text is UTF-8 and in memory, and rows may have any length: nothing is left to go wrong.
            if !self.reader.read_record(row).unwrap_or(false) {
                return None;
            }
            if row.iter().any(|cell| !cell.trim().is_empty()) {
                return Some(row.position().map_or(0, csv::Position::line));
            }
        }
    }

    /// What begins a file like this one: the mark, where it has one, and the header with more columns.
    pub fn head(&self, more: &[&str]) -> Vec<u8> {
        let mut head = if self.has_bom {
            BOM.to_vec()
        } else {
            Vec::new()
        };
        head.extend(self.line(&self.header, more));
        head
    }

    /// A row with more cells, written as this file is.
    pub fn line(&self, row: &StringRecord, more: &[&str]) -> Vec<u8> {
        line(self.delimiter, row.iter().chain(more.iter().copied()))
    }
}

/// A row of CSV.
///
/// # Panics
/// Never: memory takes what is written.
pub fn line<'a>(delimiter: u8, cells: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut writer = WriterBuilder::new()
        .delimiter(delimiter)
        .buffer_capacity(ROW_BYTES)
        .from_writer(Vec::new());
    writer
        .write_record(cells)
        .expect("memory takes what is written");
    writer.into_inner().expect("memory takes what is written")
}

/// What parts the cells: whichever of the two there are more of in the first line, as no name of a column has any.
fn delimiter(text: &[u8]) -> u8 {
    let first = text.split(|b| *b == b'\n').find(|line| !line.is_empty());
    let count = |wanted| first.unwrap_or_default().split(|b| *b == wanted).count();
    if count(b';') > count(b',') {
        b';'
    } else {
        b','
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &str) -> Sheet {
        Sheet::open(&Bytes::from(text.to_owned())).unwrap()
    }

    #[test]
    fn a_file_is_read_as_spreadsheets_write_it_and_written_the_same_way() {
        for (text, cells, head, written) in [
            ("a,b\n1,2\n", vec!["1", "2"], "a,b,id\n", "1,2,x\n"),
            (
                "a;b\r\n1;\"2;3\"\r\n",
                vec!["1", "2;3"],
                "a;b;id\n",
                "1;\"2;3\";x\n",
            ),
            (
                "\u{feff}a;b\n1,5;2\n",
                vec!["1,5", "2"],
                "\u{feff}a;b;id\n",
                "1,5;2;x\n",
            ),
            (
                "\n\na\n,\n \n\"x\ny\"\n",
                vec!["x\ny"],
                "a,id\n",
                "\"x\ny\",x\n",
            ),
        ] {
            let mut sheet = open(text);
            assert_eq!(
                String::from_utf8(sheet.head(&["id"])).unwrap(),
                head,
                "{text:?}"
            );
            let mut row = StringRecord::new();
            assert!(sheet.read(&mut row).is_some());
            assert_eq!(row, cells, "{text:?}");
            assert_eq!(
                String::from_utf8(sheet.line(&row, &["x"])).unwrap(),
                written,
                "{text:?}"
            );
            assert_eq!(sheet.read(&mut row), None, "{text:?}");
        }
    }

    #[test]
    fn lines_are_told_as_editors_count_them() {
        let mut sheet = open("a\n\"1\n2\"\n;;\n3\n");
        let mut row = StringRecord::new();
        let lines: Vec<_> = std::iter::from_fn(|| sheet.read(&mut row)).collect();
        assert_eq!(lines, [2, 4, 5]);
        let bad = Sheet::open(&Bytes::from_static(b"a\nb\n\xfc\n")).err();
        assert_eq!(bad.as_deref(), Some("The CSV is not UTF-8: line 3."));
        assert!(open("").header.is_empty());
    }
}
