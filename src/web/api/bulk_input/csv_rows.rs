//! Rows of a table as the fields of a request.

use csv::StringRecord;
use serde_json::{Map, Value, json};

use crate::domain::field_error::FieldErrors;
use crate::domain::flow::Flow;
use crate::domain::token_options::{TokenOptions, flag, whole};
use crate::web::api::presets_known::Presets;

/// Which columns a table may have; a name apart from `token.…`, `usage` and `limit`.
pub struct Columns {
    /// Those that hold a text.
    pub texts: &'static [&'static str],
    /// Those that hold true or false.
    pub flags: &'static [&'static str],
    /// Whether `usage` and `limit` are among them.
    pub has_usage: bool,
    /// Those that must be there.
    pub required: &'static [&'static str],
}

/// What a column is for.
pub(super) enum Column {
    Text(&'static str),
    Flag(&'static str),
    Usage,
    Limit,
    Token(String),
    /// It has no name, as spreadsheets leave them at the end, and must be empty.
    Nameless,
}

/// Reads the header.
pub(super) fn columns(header: &StringRecord, known: &Columns) -> Result<Vec<Column>, FieldErrors> {
    let mut errors = FieldErrors::default();
    let mut columns = Vec::with_capacity(header.len());
    for (at, name) in header.iter().map(str::trim).enumerate() {
        if !name.is_empty() && header.iter().take(at).any(|earlier| earlier.trim() == name) {
            errors.push(name, "is a column twice");
        }
        let text = known.texts.iter().find(|known| **known == name);
        let flag = known.flags.iter().find(|known| **known == name);
        columns.push(match (text, flag, name.strip_prefix("token.")) {
            (Some(text), ..) => Column::Text(text),
            (_, Some(flag), _) => Column::Flag(flag),
            (.., Some(parameter)) => {
                check_parameter(parameter, &mut errors);
                Column::Token(parameter.to_owned())
            }
            _ if known.has_usage && name == "usage" => Column::Usage,
            _ if known.has_usage && name == "limit" => Column::Limit,
            _ => {
                if !name.is_empty() {
                    errors.push(name, "unknown column");
                }
                Column::Nameless
            }
        });
    }
    for required in known.required {
        if !header.iter().any(|name| name.trim() == *required) {
            errors.push(*required, "is a column that is required");
        }
    }
    if errors.is_empty() {
        Ok(columns)
    } else {
        Err(errors)
    }
}

/// Whether links of any flow take the parameter; the checks of values tell why not.
fn check_parameter(name: &str, errors: &mut FieldErrors) {
    let mut fields = Flow::ALL.into_iter().flat_map(TokenOptions::fields);
    if !fields.any(|field| field.name == name) {
        let given = json!({ name: "x" });
        if let Err(wrong) = TokenOptions::parse(Flow::default(), Some(&given)) {
            errors.extend_below("token", wrong);
        }
    }
}

/// A row as the fields of a request.
pub(super) fn to_map(
    columns: &[Column],
    row: &StringRecord,
    presets: &Presets,
    errors: &mut FieldErrors,
) -> Map<String, Value> {
    let (mut map, mut usage, mut token) = (Map::new(), Map::new(), Vec::new());
    for (at, cell) in row.iter().map(str::trim).enumerate() {
        if cell.is_empty() {
            continue;
        }
        match columns.get(at) {
            Some(Column::Text(name)) => drop(map.insert((*name).to_owned(), cell.into())),
            Some(Column::Flag(name)) => drop(map.insert((*name).to_owned(), flag(cell))),
            Some(Column::Usage) => drop(usage.insert("type".to_owned(), cell.into())),
            Some(Column::Limit) => drop(usage.insert("limit".to_owned(), whole(cell))),
            Some(Column::Token(name)) => token.push((name, cell)),
            Some(Column::Nameless) | None => {
                errors.push("", "has more cells than the header has names");
                return map;
            }
        }
    }
    if row.len() < columns.len() {
        errors.push(
            "",
            format!(
                "has {} cells where the header has {}",
                row.len(),
                columns.len()
            ),
        );
    }
    if !usage.is_empty() {
        map.insert("usage".to_owned(), usage.into());
    }
    if !token.is_empty() {
        let fields = TokenOptions::fields(presets.flow_of(&map));
        let token: Map<_, _> = token
            .into_iter()
            .map(|(name, cell)| {
                let kind = fields
                    .iter()
                    .find(|field| field.name == *name)
                    .map(|field| field.kind);
                (
                    name.clone(),
                    kind.map_or_else(|| cell.into(), |kind| kind.of_cell(cell)),
                )
            })
            .collect();
        map.insert("token".to_owned(), token.into());
    }
    map
}
