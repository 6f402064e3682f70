//! Parameters as they stand in the cells of a table.

use serde_json::{Number, Value};

use super::spec::Kind;

/// What parts several values in one cell.
const PARTED_BY: char = '|';

impl Kind {
    /// The value that a cell stands for, which is not empty. What cannot be read stays a text, for the checks to refuse.
    #[must_use]
    pub fn of_cell(self, cell: &str) -> Value {
        match self {
            Self::Flag => flag(cell),
            Self::Integer(..) => whole(cell),
            Self::UuidOrInteger => cell.parse().map_or_else(|_| text(cell), u64::into),
            Self::Number(_) => {
                serde_json::from_str::<Number>(cell).map_or_else(|_| text(cell), Value::Number)
            }
            Self::CountryOrCountries if !cell.contains(PARTED_BY) => text(cell),
            Self::CountryOrCountries | Self::Countries | Self::SomeOf(_) | Self::Texts(..) => cell
                .split(PARTED_BY)
                .map(|item| text(item.trim()))
                .collect(),
            Self::Object => serde_json::from_str(cell).unwrap_or_else(|_| text(cell)),
            Self::Text(_)
            | Self::Ascii(_)
            | Self::Name(_)
            | Self::Date
            | Self::Nationality
            | Self::OneOf(_)
            | Self::Url(_)
            | Self::Uuid => text(cell),
        }
    }
}

/// `true` or `false` in any case, as spreadsheets write them in capitals.
#[must_use]
pub fn flag(cell: &str) -> Value {
    [true, false]
        .into_iter()
        .find(|flag| cell.eq_ignore_ascii_case(&flag.to_string()))
        .map_or_else(|| text(cell), Value::Bool)
}

/// A whole number.
#[must_use]
pub fn whole(cell: &str) -> Value {
    cell.parse().map_or_else(|_| text(cell), i64::into)
}

fn text(cell: &str) -> Value {
    Value::String(cell.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_is_read_as_its_parameter_wants_it() {
        for (kind, cell, value) in [
            (Kind::Flag, "TRUE", json!(true)),
            (Kind::Flag, "false", json!(false)),
            (Kind::Flag, "1", json!("1")),
            (Kind::Integer(0, 9), "18", json!(18)),
            (Kind::Integer(0, 9), "18.5", json!("18.5")),
            (Kind::Number(None), "-0.5", json!(-0.5)),
            (Kind::Number(None), "0,5", json!("0,5")),
            (Kind::UuidOrInteger, "7", json!(7)),
            (Kind::UuidOrInteger, "7a", json!("7a")),
            (Kind::CountryOrCountries, "DE", json!("DE")),
            (Kind::CountryOrCountries, "DE| AT", json!(["DE", "AT"])),
            (Kind::Countries, "DE", json!(["DE"])),
            (Kind::SomeOf(&[]), "A||B", json!(["A", "", "B"])),
            (Kind::Texts(2, 9), "a b|c", json!(["a b", "c"])),
            (Kind::Text(9), "a|b", json!("a|b")),
            (Kind::Text(9), "007", json!("007")),
            (Kind::Object, "{\"a\": [1]}", json!({"a": [1]})),
            (Kind::Object, "{a}", json!("{a}")),
        ] {
            assert_eq!(kind.of_cell(cell), value, "{kind:?} {cell}");
        }
    }
}
