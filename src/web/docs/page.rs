//! The page for people, made of the document for programs.

use askama::Template;
use serde_json::Value;

use super::schema::{self, Piece, Row, Schemas};
use super::text::{self, Heading, anchor, curl, markdown};
use crate::web::assets;

#[derive(Template)]
#[template(path = "docs.html")]
struct Page {
    title: String,
    version: String,
    /// HTML.
    introduction: String,
    headings: Vec<Heading>,
    groups: Vec<Group>,
    schemas: Vec<Shown>,
    icon: String,
    stylesheet: String,
}

/// Calls that belong together.
struct Group {
    anchor: String,
    name: String,
    about: String,
    calls: Vec<Call>,
}

struct Call {
    anchor: String,
    method: String,
    path: String,
    summary: String,
    /// HTML.
    about: String,
    scope: Option<String>,
    parameters: Vec<Row>,
    body: Option<Body>,
    answers: Vec<Answer>,
    problems: Vec<Answer>,
    example: String,
    example_answer: Option<String>,
}

struct Body {
    name: String,
    is_required: bool,
    /// HTML.
    about: String,
    rows: Vec<Row>,
}

struct Answer {
    status: String,
    kind: Vec<Piece>,
    /// HTML.
    about: String,
    headers: Vec<String>,
}

/// A schema.
struct Shown {
    anchor: String,
    name: String,
    /// HTML.
    about: String,
    words: Option<String>,
    kind: Vec<Piece>,
    rows: Vec<Row>,
    variants: Vec<Variant>,
}

/// One of several shapes of a schema.
struct Variant {
    name: String,
    /// HTML.
    about: String,
    rows: Vec<Row>,
}

/// The page about `document`.
pub(super) fn render(document: &Value) -> String {
    let all = Schemas {
        all: &document["components"]["schemas"],
    };
    let (introduction, headings) = markdown(text_of(&document["info"]["description"]));
    let groups: Vec<Group> = list(&document["tags"])
        .map(|tag| group(document, all, tag))
        .collect();
    let page = Page {
        title: text_of(&document["info"]["title"]).to_owned(),
        version: text_of(&document["info"]["version"]).to_owned(),
        introduction,
        headings,
        schemas: shown(all, &groups),
        groups,
        icon: assets::url("favicon.svg"),
        stylesheet: assets::url("docs.css"),
    };
    page.render()
        .expect("writing to a String cannot fail, and nothing else in the page can")
}

fn group(document: &Value, all: Schemas<'_>, tag: &Value) -> Group {
    let name = text_of(&tag["name"]);
    let mut calls = Vec::new();
    for (path, item) in object(&document["paths"]) {
        for (method, operation) in object(item) {
            if operation["tags"][0] == tag["name"] {
                calls.push(call(document, all, method, path, operation));
            }
        }
    }
    Group {
        anchor: anchor(name),
        name: name.to_owned(),
        about: text_of(&tag["description"]).to_owned(),
        calls,
    }
}

fn call(document: &Value, all: Schemas<'_>, method: &str, path: &str, operation: &Value) -> Call {
    let body = &operation["requestBody"];
    let mut answers = Vec::new();
    let mut problems = Vec::new();
    let mut example_answer = None;
    for (status, response) in object(&operation["responses"]) {
        let name = schema::referred(response);
        let response = name.map_or(response, |name| &document["components"]["responses"][name]);
        let answer = answer(status, response);
        if response["content"]
            .get("application/problem+json")
            .is_some()
        {
            problems.push(answer);
            continue;
        }
        if let Some(schema) = content(response).map(|content| &content["schema"]) {
            example_answer.get_or_insert_with(|| text::json(&all.sample(schema)));
        }
        answers.push(answer);
    }
    Call {
        anchor: text_of(&operation["operationId"]).to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        summary: text_of(&operation["summary"])
            .trim_end_matches('.')
            .to_owned(),
        about: markdown(text_of(&operation["description"])).0,
        scope: operation["security"][0]["bearer"][0]
            .as_str()
            .map(str::to_owned),
        parameters: list(&operation["parameters"])
            .map(|one| parameter(all, one))
            .collect(),
        body: content(body).map(|content| Body {
            name: schema::referred(&content["schema"])
                .unwrap_or_default()
                .to_owned(),
            is_required: body["required"] == true,
            about: markdown(
                body["description"]
                    .as_str()
                    .unwrap_or_else(|| text_of(&all.resolve(&content["schema"])["description"])),
            )
            .0,
            rows: all.rows(all.resolve(&content["schema"])),
        }),
        answers,
        problems,
        example: example(all, method, path, operation),
        example_answer,
    }
}

fn parameter(all: Schemas<'_>, parameter: &Value) -> Row {
    let mut schema = parameter["schema"].clone();
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".to_owned(), parameter["description"].clone());
    }
    let name = text_of(&parameter["name"]);
    Row {
        place: Some(text_of(&parameter["in"]).to_owned()),
        ..all.row(name, &schema, parameter["required"] == true)
    }
}

fn answer(status: &str, response: &Value) -> Answer {
    let kind = content(response).map(|content| schema::kind(&content["schema"]));
    Answer {
        status: status.to_owned(),
        kind: kind.unwrap_or_default(),
        about: markdown(text_of(&response["description"])).0,
        headers: object(&response["headers"])
            .map(|(name, _)| name.clone())
            .collect(),
    }
}

/// The call as it is made on a command line.
fn example(all: Schemas<'_>, method: &str, path: &str, operation: &Value) -> String {
    let mut path = path.to_owned();
    let mut query = Vec::new();
    let mut headers = Vec::new();
    if operation["security"][0].is_object() {
        headers.push((
            "Authorization".to_owned(),
            "Bearer $ENTRYPASS_KEY".to_owned(),
        ));
    }
    let body = content(&operation["requestBody"]).map(|content| {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        content
            .get("example")
            .cloned()
            .unwrap_or_else(|| all.sample(&content["schema"]))
    });
    for parameter in list(&operation["parameters"]) {
        let (name, example) = (text_of(&parameter["name"]), text_of(&parameter["example"]));
        match text_of(&parameter["in"]) {
            _ if example.is_empty() => {}
            "path" => path = path.replace(&format!("{{{name}}}"), example),
            "query" => query.push(format!("{name}={example}")),
            _ => headers.push((name.to_owned(), example.to_owned())),
        }
    }
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    curl(method, &path, &headers, body.as_ref())
}

/// All schemas but pages, and the bodies, which are shown with their calls unless they are part of something else, too.
fn shown(all: Schemas<'_>, groups: &[Group]) -> Vec<Shown> {
    let bodies: Vec<&str> = groups
        .iter()
        .flat_map(|group| &group.calls)
        .filter_map(|call| Some(call.body.as_ref()?.name.as_str()))
        .collect();
    let text = all.all.to_string();
    let is_part = |name: &str| text.contains(&format!("\"#/components/schemas/{name}\""));
    let schemas = object(all.all).filter(|(name, _)| {
        !name.starts_with("Page_") && (is_part(name) || !bodies.contains(&name.as_str()))
    });
    schemas
        .map(|(name, schema)| Shown {
            anchor: schema::anchor(name),
            name: name.clone(),
            about: markdown(text_of(&schema["description"])).0,
            words: schema::words(schema),
            kind: schema::kind(schema),
            rows: all.rows(schema),
            variants: list(&schema["oneOf"])
                .filter(|variant| variant.get("$ref").is_none())
                .map(|variant| Variant {
                    name: text_of(&variant["title"]).to_owned(),
                    about: markdown(text_of(&variant["description"])).0,
                    rows: all.rows(variant),
                })
                .collect(),
        })
        .collect()
}

/// What a body or an answer holds, whatever its type.
fn content(holder: &Value) -> Option<&Value> {
    holder["content"].as_object()?.values().next()
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
