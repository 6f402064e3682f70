//! The failures as the API's description tells them: made from [`Problem`], so status and code cannot differ from it.

use std::fmt::Write as _;

use utoipa::ToSchema as _;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Ref, Type};

use crate::domain::field_error::FieldErrors;
use crate::web::problem::{PROBLEM_JSON, Problem, ProblemDocument};

/// Every problem once, with values that serve as examples, in the order of the table.
fn all() -> Vec<Problem> {
    let mut errors = FieldErrors::default();
    errors.push("usage.limit", "must be a whole number from 1 to 1000000000");
    errors.push(
        "token.country[0]",
        "must be a country's code of two letters",
    );
    vec![
        Problem::BadRequest("The body is not JSON: line 1, column 9.".to_owned()),
        Problem::Unauthorized,
        Problem::Forbidden("links"),
        Problem::NotFound,
        Problem::MethodNotAllowed("GET, HEAD"),
        Problem::SlugTaken("slug".to_owned()),
        Problem::LinkOver,
        Problem::SessionOpen("01977d12-8a41-7b05-8c3e-0f9e8d7c6b5a".to_owned()),
        Problem::NothingToAsk,
        Problem::EndpointDisabled,
        Problem::SendingOff,
        Problem::MessageOver,
        Problem::IdempotencyMismatch,
        Problem::IdempotencyInProgress,
        Problem::TooLarge,
        Problem::UnsupportedMediaType("application/json"),
        Problem::invalid(errors),
        Problem::VerificationUnavailable(30),
        Problem::IdenfyUnavailable(10),
        Problem::NotDrawn,
        Problem::Database(None),
        Problem::TooManyListeners,
        Problem::LinkNotFound,
        Problem::LinkDeactivated,
        Problem::LinkExpired,
        Problem::LinkExhausted,
        Problem::SignatureInvalid,
        Problem::SignatureExpired,
        Problem::RateLimited(1),
    ]
}

/// When it comes and what to do about it. A new problem does not compile without words here; put it into [`all`] too.
const fn advice(problem: &Problem) -> &'static str {
    match problem {
        Problem::BadRequest(_) => {
            "The body is not JSON (or no CSV in UTF-8) or broke off. Mend the request."
        }
        Problem::Unauthorized => "No key was sent, or it is unknown, revoked or expired.",
        Problem::Forbidden(_) => "The key lacks the scope that `detail` names.",
        Problem::NotFound => "Nothing with this id is here, or it was deleted.",
        Problem::MethodNotAllowed(_) => {
            "The path is right, the method is not. `Allow` names those that are."
        }
        Problem::SlugTaken(_) => {
            "Another link has or had this slug, also a deleted one. Choose another."
        }
        Problem::LinkOver => "The link is expired or exhausted, which is for good. Make a new one.",
        Problem::SessionOpen(_) => {
            "The customer of `token.clientId` has an open session, which `session_id` names. Use it, or wait for its end."
        }
        Problem::NothingToAsk => {
            "The session was not started, is being started or is erased, iDenfy does not know it, or it is an age estimation, of which iDenfy tells by webhook alone."
        }
        Problem::IdenfyUnavailable(_) => {
            "iDenfy does not answer. Try again after `Retry-After` seconds."
        }
        Problem::EndpointDisabled => {
            "The endpoint was switched off, as it failed for too long or said that it is gone. Switch it on with `…/enable`."
        }
        Problem::SendingOff => {
            "The settings name no mail server, or no SMS provider. Set them, or take the other channel."
        }
        Problem::MessageOver => {
            "The message was sent, or nobody knows any more to whom it was to go. Send the link again."
        }
        Problem::IdempotencyMismatch => {
            "The `Idempotency-Key` was used for another request. Take a new key."
        }
        Problem::IdempotencyInProgress => {
            "The first request with this `Idempotency-Key` still runs. Try again in a moment."
        }
        Problem::TooLarge => {
            "The body is over 1 MiB, or over 32 MiB where many links are made at once."
        }
        Problem::UnsupportedMediaType(_) => {
            "Send the body as `application/json`, or, where many links are made at once, as `text/csv` in UTF-8."
        }
        Problem::Invalid(_) => {
            "`errors` names every field, parameter or header that is wrong. Mend them."
        }
        Problem::VerificationUnavailable(_) => {
            "iDenfy cannot start a session now. Nothing was used up; try again after `Retry-After` seconds."
        }
        Problem::NotDrawn => {
            "The server cannot draw it; most likely it lacks fonts for the letters of a poster. Install Noto's there: on Debian, the packages `fonts-noto-core` and `fonts-noto-cjk`."
        }
        Problem::Database(_) => {
            "The gateway cannot reach its database. Try again after `Retry-After` seconds."
        }
        Problem::TooManyListeners => {
            "As many listen to events as one server serves. Close streams that nobody reads; try again after `Retry-After` seconds."
        }
        Problem::LinkNotFound => "For visitors who ask for JSON: no link has this address.",
        Problem::LinkDeactivated => {
            "For visitors who ask for JSON: the link was switched off or deleted."
        }
        Problem::LinkExpired => "For visitors who ask for JSON: the link's time is over.",
        Problem::LinkExhausted => "For visitors who ask for JSON: all uses of the link are spent.",
        Problem::SignatureInvalid => {
            "For visitors who ask for JSON: the link is signed, and its address has no signature that holds. Send it on exactly as it was signed."
        }
        Problem::SignatureExpired => {
            "For visitors who ask for JSON: the time (`exp`) of the signed address is over. Sign a new one."
        }
        Problem::RateLimited(_) => {
            "Too many clicks from one address, or too many questions for iDenfy in a minute. Try again after `Retry-After` seconds."
        }
    }
}

/// A problem's stable code.
pub fn code(problem: &Problem) -> &'static str {
    problem.document().code
}

/// The problem with this code.
///
/// # Panics
/// When there is none: codes are written beside the handlers, and the tests read them all.
pub fn named(wanted: &str) -> Problem {
    let found = all().into_iter().find(|problem| code(problem) == wanted);
    found.expect("codes in descriptions are those of problems")
}

/// All codes in a table, as Markdown.
pub fn table() -> String {
    let mut table = "| code, status | when it comes, and what to do |\n|---|---|\n".to_owned();
    for problem in all() {
        let (status, code) = (problem.document().status, code(&problem));
        let _ = writeln!(table, "| `{code}` {status} | {} |", advice(&problem));
    }
    table
}

/// The answer that tells one of `problems`, which all have the same status.
pub fn response(problems: &[Problem]) -> Response {
    let told: Vec<_> = problems
        .iter()
        .map(|problem| format!("`{}`: {}", code(problem), advice(problem)))
        .collect();
    let description = match &told[..] {
        [one] => one.clone(),
        several => format!("- {}", several.join("\n- ")),
    };
    let examples = problems.iter().map(|problem| {
        let document =
            serde_json::to_value(problem.document()).expect("documents have text keys only");
        let example = ExampleBuilder::new().value(Some(document)).build();
        (code(problem), example)
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(ProblemDocument::name())))
        .examples_from_iter(examples)
        .build();
    let response = ResponseBuilder::new()
        .description(description)
        .content(PROBLEM_JSON, content);
    if problems
        .iter()
        .any(|problem| problem.retry_after().is_some())
    {
        let header = HeaderBuilder::new()
            .description(Some("Seconds after which to try again."))
            .schema(Some(
                ObjectBuilder::new()
                    .schema_type(Type::Integer)
                    .minimum(Some(0)),
            ))
            .build();
        return response.header("Retry-After", header).build();
    }
    response.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_told_once() {
        let mut codes: Vec<_> = all().iter().map(code).collect();
        let told = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), told);
        // As many as `Problem::parts` has arms, each of which names one code.
        let source = include_str!("../../problem.rs");
        let from = source.find("fn parts(").unwrap();
        let to = source.find("const fn retry_after").unwrap();
        assert_eq!(source[from..to].matches("Self::").count(), told);
    }
}
