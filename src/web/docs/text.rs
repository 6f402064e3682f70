//! Text of the page: Markdown as HTML, JSON to be read by people, and calls for the command line.

use std::fmt::Write as _;

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use serde_json::Value;

/// The widest JSON that is left on one line, in bytes.
const LINE: usize = 76;

/// A heading of a text, to be jumped to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading {
    pub anchor: String,
    pub title: String,
}

/// Markdown as HTML, with anchors at its headings, and its tables in boxes of their own that can be scrolled.
pub(super) fn markdown(text: &str) -> (String, Vec<Heading>) {
    let mut events: Vec<Event> = Parser::new_ext(text, Options::ENABLE_TABLES).collect();
    let mut headings = Vec::new();
    for at in 0..events.len() {
        if let Event::Start(Tag::Heading { .. }) = events[at] {
            let title: String = events[at..]
                .iter()
                .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
                .filter_map(|event| match event {
                    Event::Text(text) | Event::Code(text) => Some(&**text),
                    _ => None,
                })
                .collect();
            let anchor = anchor(&title);
            if let Event::Start(Tag::Heading { id, .. }) = &mut events[at] {
                *id = Some(CowStr::from(anchor.clone()));
            }
            headings.push(Heading { anchor, title });
        }
    }
    let boxed = events.into_iter().flat_map(|event| match event {
        Event::Start(Tag::Table(_)) => [
            Some(raw("<div class=\"scroll\" tabindex=\"0\">")),
            Some(event),
        ],
        Event::End(TagEnd::Table) => [Some(event), Some(raw("</div>"))],
        _ => [Some(event), None],
    });
    let mut html = String::new();
    html::push_html(&mut html, boxed.flatten());
    // What can be scrolled sideways can be so by keyboard, too.
    let html = html.replace("<pre><code", "<pre tabindex=\"0\"><code");
    (html, headings)
}

fn raw(html: &'static str) -> Event<'static> {
    Event::Html(CowStr::from(html))
}

/// A title as the end of an address.
pub(super) fn anchor(title: &str) -> String {
    let words = title
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

/// JSON with what is short on a line of its own.
pub(in crate::web) fn json(value: &Value) -> String {
    let mut text = String::new();
    write_json(&mut text, value, 0);
    text
}

fn write_json(text: &mut String, value: &Value, depth: usize) {
    let line = one_line(value);
    let is_short = line.len() + 2 * depth <= LINE && depth > 0;
    let (open, close, parts): (_, _, Vec<(String, &Value)>) = match value {
        Value::Object(map) if !is_short && !map.is_empty() => {
            let named = |(name, value)| (format!("{}: ", Value::from(name)), value);
            (
                '{',
                '}',
                map.iter()
                    .map(|(k, v)| (k.as_str(), v))
                    .map(named)
                    .collect(),
            )
        }
        Value::Array(items) if !is_short && !items.is_empty() => (
            '[',
            ']',
            items.iter().map(|item| (String::new(), item)).collect(),
        ),
        _ => return text.push_str(&line),
    };
    text.push(open);
    for (at, (name, part)) in parts.into_iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(text, "{comma}\n{}{name}", "  ".repeat(depth + 1));
        write_json(text, part, depth + 1);
    }
    let _ = write!(text, "\n{}{close}", "  ".repeat(depth));
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let parts = map
                .iter()
                .map(|(k, v)| format!("{}: {}", Value::from(k.as_str()), one_line(v)));
            format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!(
                "[{}]",
                items.iter().map(one_line).collect::<Vec<_>>().join(", ")
            )
        }
        other => other.to_string(),
    }
}

/// A call for a shell. `headers` are names with values as they stand within double quotes.
pub(super) fn curl(
    method: &str,
    path_and_query: &str,
    headers: &[(String, String)],
    body: Option<&Value>,
) -> String {
    let mut command = "curl".to_owned();
    let implied = if body.is_some() { "post" } else { "get" };
    if method != implied {
        let _ = write!(command, " -X {}", method.to_uppercase());
    }
    let _ = write!(command, " \"$ENTRYPASS_URL{path_and_query}\"");
    for (name, value) in headers {
        let _ = write!(command, " \\\n  -H \"{name}: {value}\"");
    }
    if let Some(body) = body {
        let _ = write!(
            command,
            " \\\n  --data '{}'",
            json(body).replace('\'', r"'\''")
        );
    }
    command
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn markdown_gets_anchors_and_boxes_for_its_tables() {
        let (html, headings) = markdown("## Pages of `lists`\n\nA *b*.\n\n|a|b|\n|-|-|\n|1|2|\n");
        assert!(
            html.contains("<h2 id=\"pages-of-lists\">Pages of <code>lists</code></h2>"),
            "{html}"
        );
        assert!(
            html.contains("<div class=\"scroll\" tabindex=\"0\"><table>"),
            "{html}"
        );
        assert!(html.contains("</table>\n</div>"), "{html}");
        assert_eq!(headings.len(), 1);
        assert_eq!(headings[0].title, "Pages of lists");
    }

    #[test]
    fn json_is_broken_where_it_is_long() {
        let long = "x".repeat(LINE);
        let value = json!({"a": {"b": [1, 2]}, "c": [long], "d": []});
        let wanted = format!(
            "{{\n  \"a\": {{\"b\": [1, 2]}},\n  \"c\": [\n    \"{long}\"\n  ],\n  \"d\": []\n}}"
        );
        assert_eq!(json(&value), wanted);
    }

    #[test]
    fn a_call_can_be_pasted_into_a_shell() {
        let headers = [("Accept".to_owned(), "x".to_owned())];
        let call = curl("patch", "/a", &headers, Some(&json!({"b": "it's"})));
        let wanted = "curl -X PATCH \"$ENTRYPASS_URL/a\" \\\n  -H \"Accept: x\" \\\n  --data '{\n  \"b\": \"it'\\''s\"\n}'";
        assert_eq!(call, wanted);
        assert_eq!(
            curl("get", "/a?b=c", &[], None),
            "curl \"$ENTRYPASS_URL/a?b=c\""
        );
    }
}
