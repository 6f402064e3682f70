//! The OpenAPI document, generated from the annotations beside the handlers.
//!
//! An annotation tells what is a call's own. What follows from the rules of the whole API (the keys, bodies, pages and
//! idempotency of all calls) is added here, and an answer that an annotation names by its codes alone
//! (`(status = 409, description = "slug_taken")`) is written out.

use std::collections::BTreeMap;

use utoipa::OpenApi as _;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::info::{InfoBuilder, LicenseBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::Response;
use utoipa::openapi::schema::{ArrayItems, Object, ObjectBuilder, Ref, Schema, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, OpenApi, RefOr, Required, Server};

use super::schemas::{AgeEstimationSchema, EventTypeSchema, PaperSchema, TokenOptionsSchema};
use crate::web::problem::{Problem, ProblemDocument};
use crate::web::{hooks, ops};

mod problems;

/// Groups of calls, in the order they are shown in.
const TAGS: [(&str, &str); 11] = [
    (
        "Links",
        "Make links, share their URLs, and switch them off.",
    ),
    ("Presets", "Named sets of options to make links from."),
    (
        "Invitations",
        "Invite people one by one or many at once, by email, SMS or otherwise, and see how far each has come.",
    ),
    (
        "Sessions",
        "Read the results of verifications, and start ones without a link.",
    ),
    (
        "Messages",
        "Links sent to people by email and text message, and what became of them.",
    ),
    (
        "Events",
        "What happens, as it happens, as server-sent events.",
    ),
    (
        "Endpoints",
        "Have results sent to your backend as they come, signed and tried again. All of these calls want the scope `admin`.",
    ),
    (
        "Keys",
        "API keys. All of these calls want the scope `admin`.",
    ),
    (
        "Audit",
        "Who did what to which object, when and from where. These calls want the scope `admin`.",
    ),
    (
        "Health",
        "For load balancers and monitoring; no key is wanted.",
    ),
    (
        "iDenfy's webhook",
        "How results come in. For your information: iDenfy alone calls it.",
    ),
];

/// What is served outside of `/api/v1`, and schemas that are only referred to.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(ops::live, ops::ready, hooks::receive),
    components(schemas(
        ProblemDocument,
        TokenOptionsSchema,
        AgeEstimationSchema,
        EventTypeSchema,
        PaperSchema
    ))
)]
struct Outside;

/// The whole document.
#[must_use]
pub fn document() -> OpenApi {
    let mut document = super::Described::openapi().merge_from(Outside::openapi());
    document.info = InfoBuilder::new()
        .title("Entrypass")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(format!(
            "{}{}",
            include_str!("openapi.md"),
            problems::table()
        )))
        .license(Some(
            LicenseBuilder::new()
                .name("Apache License 2.0")
                .identifier(Some("Apache-2.0"))
                .build(),
        ))
        .build();
    document.servers = Some(vec![Server::new("/")]);
    document.tags = Some(
        TAGS.iter()
            .map(|(name, about)| {
                TagBuilder::new()
                    .name(*name)
                    .description(Some(*about))
                    .build()
            })
            .collect(),
    );
    let mut shared = BTreeMap::new();
    for (path, item) in &mut document.paths.paths {
        for (is_post, operation) in operations(item) {
            complete(path, is_post, operation, &mut shared);
        }
    }
    let components = document.components.get_or_insert_with(Components::new);
    refer_to_items(components);
    let shared = shared
        .into_iter()
        .map(|(name, response)| (name.to_owned(), response.into()));
    components.responses.extend(shared);
    components.add_security_scheme(
        "bearer",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some(
                    "An API key, `epk_…`. The scope that a call wants is beside it; a key with `admin` has all.",
                ))
                .build(),
        ),
    );
    document
}

/// The document as text, the same for the same program.
///
/// # Panics
/// Never: the document has text keys only.
#[must_use]
pub fn json() -> String {
    let mut text = document()
        .to_pretty_json()
        .expect("the document has text keys only");
    text.push('\n');
    text
}

/// Lets pages refer to what is on them: derived, they would hold it whole.
fn refer_to_items(components: &mut Components) {
    for (name, schema) in &mut components.schemas {
        let (Some(item), RefOr::T(Schema::Object(page))) = (name.strip_prefix("Page_"), schema)
        else {
            continue;
        };
        if let Some(RefOr::T(Schema::Array(items))) = page.properties.get_mut("items") {
            items.items = ArrayItems::RefOrSchema(Box::new(Ref::from_schema_name(item).into()));
        }
    }
}

/// The operations of a path, each with whether it is a POST.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    let PathItem {
        get,
        post,
        patch,
        put,
        delete,
        ..
    } = item;
    let others = [get, patch, put, delete].map(|operation| (false, operation));
    [(true, post)]
        .into_iter()
        .chain(others)
        .filter_map(|(is_post, operation)| Some((is_post, operation.as_mut()?)))
}

/// Adds what the annotation leaves out. Answers with one code are put into `shared`, by that code.
fn complete(
    path: &str,
    is_post: bool,
    operation: &mut Operation,
    shared: &mut BTreeMap<&'static str, Response>,
) {
    if let Some(text) = operation.description.take() {
        // What the handler's own documentation says to those who change it.
        let text = text.split("# Errors").next().unwrap_or_default().trim();
        operation.description = (!text.is_empty()).then(|| text.to_owned());
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        for content in body.content.values_mut().filter_map(inline) {
            // A body that may be left out: derived, it would be one that may be `null`.
            if let Some(RefOr::T(Schema::OneOf(or_null))) = &content.schema {
                content.schema = or_null.items.first().cloned();
            }
        }
    }
    let mut failures: BTreeMap<String, Vec<Problem>> = BTreeMap::new();
    operation
        .responses
        .responses
        .retain(|status, response| match response {
            RefOr::T(response) if response.content.is_empty() && status.as_str() >= "400" => {
                let named = response.description.split(", ").map(problems::named);
                failures.entry(status.clone()).or_default().extend(named);
                false
            }
            _ => true,
        });
    if operation.security.is_some() {
        let parameters = operation.parameters.get_or_insert_default();
        for problem in rules(path, is_post, operation.request_body.is_some(), parameters) {
            let status = problem.document().status.to_string();
            failures.entry(status).or_default().push(problem);
        }
        if parameters.is_empty() {
            operation.parameters = None;
        }
        // Of many things made at once there is no one address.
        let is_one = !path.ends_with("/bulk");
        if is_one && let Some(RefOr::T(created)) = operation.responses.responses.get_mut("201") {
            created
                .headers
                .insert("Location".to_owned(), RefOr::T(location()));
        }
    } else {
        operation.security = Some(Vec::new());
    }
    for (status, problems) in failures {
        let response = problems::response(&problems);
        let answer = if let [problem] = &problems[..] {
            let code = problems::code(problem);
            shared.insert(code, response);
            RefOr::Ref(Ref::from_response_name(code))
        } else {
            RefOr::T(response)
        };
        operation.responses.responses.insert(status, answer);
    }
}

/// What holds for all calls with a key: adds their parameters and tells how they may fail.
fn rules(
    path: &str,
    is_post: bool,
    has_body: bool,
    parameters: &mut Vec<RefOr<Parameter>>,
) -> Vec<Problem> {
    let mut failures = vec!["unauthorized", "forbidden", "database_unavailable"];
    let is_list = !parameters.is_empty();
    if let Some((before, _)) = path.split_once("s/{id}") {
        let whose = before.rsplit('/').next().unwrap_or_default();
        parameters.insert(0, RefOr::T(id(whose)));
        failures.push("not_found");
    }
    if is_post {
        parameters.push(RefOr::T(idempotency_key()));
        failures.extend(["idempotency_mismatch", "idempotency_in_progress"]);
    }
    if is_post || has_body {
        failures.extend(["bad_request", "too_large"]);
    }
    if has_body {
        failures.push("unsupported_media_type");
    }
    if is_post || has_body || is_list {
        failures.push("invalid");
    }
    failures.into_iter().map(problems::named).collect()
}

/// What is not merely referred to.
fn inline<T>(item: &mut RefOr<T>) -> Option<&mut T> {
    match item {
        RefOr::T(item) => Some(item),
        RefOr::Ref(_) => None,
    }
}

/// The id in a path, of a `link`, a `session`, …
fn id(whose: &str) -> Parameter {
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(format!("The `id` of the {whose}.")))
        .schema(Some(text("uuid")))
        .example(Some("01977d0e-5d3a-7c42-9f0b-6c1a2b3d4e5f".into()))
        .build()
}

fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Makes it safe to send the request again: the same key with the same request answers the first answer \
             again, for 24 hours. Printable ASCII, such as a random UUID.",
        ))
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .min_length(Some(1))
                .max_length(Some(255)),
        ))
        .example(Some("6f8a1c1e-52b0-4a0c-9c57-0b8f5c2d7e11".into()))
        .build()
}

fn location() -> Header {
    HeaderBuilder::new()
        .description(Some("The address of what was made, in this API."))
        .schema(Some(text("uri")))
        .build()
}

fn text(format: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom(format.to_owned())))
        .build()
}

#[cfg(test)]
mod tests;
