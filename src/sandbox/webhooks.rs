//! The results: their bodies, their signature, their way to the gateway.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::Sandbox;
use super::session::{Event, Kind, Outcome, Session};

/// The documented body with a made-up person in it.
const BODY: &str = include_str!("identification-webhook.json");
/// How long a receiver has, as iDenfy's guide says.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What iDenfy said of its retries when it gave numbers.
const RETRIES: u32 = 3;
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Sends the webhooks of a session that just ended, in a task of their own.
pub(super) fn announce(sandbox: Sandbox, session: Session, outcome: Outcome) {
    tokio::spawn(async move {
        if session.kind == Kind::AgeEstimation {
            let body = age_estimation(&session, outcome);
            send(
                &sandbox,
                &session,
                "AGE_ESTIMATION",
                age_result(outcome).1,
                &body,
            )
            .await;
            return;
        }
        if outcome == Outcome::Expire {
            let body = identification(&session, outcome, true);
            send(
                &sandbox,
                &session,
                "IDENTIFICATION_EXPIRED",
                outcome.overall(),
                &body,
            )
            .await;
            return;
        }
        let is_reviewed = session.is_reviewed(outcome);
        let mut body = identification(&session, outcome, false);
        body["final"] = json!(!is_reviewed);
        let name = "IDENTIFICATION_AUTO_FINISHED";
        send(&sandbox, &session, name, outcome.overall(), &body).await;
        if is_reviewed {
            tokio::time::sleep(sandbox.0.settings.review_delay).await;
            sandbox.0.sessions.settle(&session.scan_ref, outcome);
            let body = identification(&session, outcome, true);
            let name = "IDENTIFICATION_MANUAL_FINISHED";
            send(&sandbox, &session, name, outcome.overall(), &body).await;
        }
    });
}

/// `status` of a result's body; `is_final`: with what the manual review found.
pub(super) fn status(session: &Session, outcome: Outcome, is_final: bool) -> Value {
    let only_document = session.kind == Kind::Document;
    let (document, face) = match outcome {
        Outcome::Approve | Outcome::Suspect => (Some("DOC_VALIDATED"), Some("FACE_MATCH")),
        Outcome::Deny if only_document => (Some("DOC_EXPIRED"), None),
        Outcome::Deny => (Some("DOC_VALIDATED"), Some("FACE_MISMATCH")),
        Outcome::Expire => (None, None),
    };
    let face = face.filter(|_| !only_document);
    let found = |result: Option<&'static str>| result.filter(|_| is_final);
    let is_suspect = outcome == Outcome::Suspect;
    let reason = if only_document { document } else { face };
    json!({
        "overall": outcome.overall(),
        "suspicionReasons": [],
        "denyReasons": reason.filter(|_| outcome == Outcome::Deny).as_slice(),
        "fraudTags": if is_suspect { &["DOC_MOBILE_PHOTO"][..] } else { &[] },
        "mismatchTags": if is_suspect { &["NAME"][..] } else { &[] },
        "autoFace": face,
        "manualFace": found(face),
        "autoDocument": document,
        "manualDocument": found(document),
        "additionalSteps": null,
    })
}

/// The body of an `IDENTIFICATION_…` event.
pub(super) fn identification(session: &Session, outcome: Outcome, is_final: bool) -> Value {
    let mut body: Value = serde_json::from_str(BODY).expect("the body is valid JSON");
    body["final"] = json!(is_final);
    body["status"] = status(session, outcome, is_final);
    body["scanRef"] = json!(session.scan_ref);
    body["clientId"] = json!(session.client_id);
    body["externalRef"] = json!(session.external_ref);
    body["startTime"] = json!(session.opened.map(|at| at.timestamp()));
    body["finishTime"] = json!(session.finished.map(|at| at.timestamp()));
    if outcome == Outcome::Expire {
        // Nothing was ever taken.
        let fields = body["data"].as_object_mut().into_iter().flatten();
        fields.for_each(|(_, value)| *value = Value::Null);
        return body;
    }
    let data = &mut body["data"];
    if let Some(name) = &session.first_name {
        data["docFirstName"] = json!(name);
    }
    if let Some(name) = &session.last_name {
        data["docLastName"] = json!(name);
    }
    data["fullName"] = json!(
        [&data["docFirstName"], &data["docLastName"]]
            .map(|name| name.as_str().unwrap_or(""))
            .join(" ")
    );
    if let Some(country) = session.countries.first() {
        data["docNationality"] = json!(country);
        data["docIssuingCountry"] = json!(country);
        data["selectedCountry"] = json!(country);
    }
    if let Some(document) = session.documents.first() {
        data["docType"] = json!(document);
    }
    let parts: &[&str] = if session.kind == Kind::Document {
        &["FRONT", "BACK"]
    } else {
        &["FRONT", "BACK", "FACE"]
    };
    let file = |part: &&str| {
        let address = format!(
            "https://files.sandbox.invalid/{}/{part}.png",
            session.scan_ref
        );
        ((*part).to_owned(), json!(address))
    };
    body["fileUrls"] = parts.iter().map(file).collect::<Map<_, _>>().into();
    body
}

/// The body of an `AGE_ESTIMATION` event. The words of `verdict` are not documented.
pub(super) fn age_estimation(session: &Session, outcome: Outcome) -> Value {
    let (status, result) = age_result(outcome);
    let (verdict, age) = match outcome {
        Outcome::Approve => (Some("PASSED"), Some(session.min_age + 9)),
        Outcome::Deny => (Some("FAILED"), Some((session.min_age - 3).max(0))),
        Outcome::Suspect => (Some("UNCERTAIN"), Some(session.min_age)),
        Outcome::Expire => (None, None),
    };
    json!({
        "scanRef": session.scan_ref,
        "status": status,
        "occurredAt": session.finished.map(|at| at.to_rfc3339()),
        "outcome": result,
        "verdict": verdict,
        "estimatedAge": age,
        "confidence": age.map(|_| 97.5),
        "clientId": null,
    })
}

/// `status` and `outcome` of an age estimation.
fn age_result(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Approve => ("COMPLETED", "SUCCESS"),
        Outcome::Deny => ("COMPLETED", "UNDERAGE"),
        Outcome::Suspect => ("COMPLETED", "UNCERTAIN"),
        Outcome::Expire => ("FAILED", "ATTEMPTS_EXCEEDED"),
    }
}

/// `Idenfy-Signature`: lower-case hex of the raw body's HMAC-SHA256.
pub(super) fn sign(key: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// Delivers one webhook and notes on its session what became of it.
async fn send(
    sandbox: &Sandbox,
    session: &Session,
    name: &'static str,
    result: &'static str,
    body: &Value,
) {
    let note = |arrived| {
        sandbox.0.sessions.note(
            &session.scan_ref,
            Event {
                name,
                result,
                arrived,
            },
        );
    };
    note(None);
    let url = session
        .callback
        .as_deref()
        .unwrap_or(&sandbox.0.settings.webhook_url);
    let permit = sandbox.0.deliveries.acquire().await;
    let delivered = deliver(sandbox, url, name, &body.to_string(), RETRY_PAUSE).await;
    drop(permit);
    if let Err(reason) = &delivered {
        tracing::warn!(event = name, reason, "sandbox webhook failed");
    }
    note(Some(delivered.is_ok()));
}

/// Posts until it is answered with success or the retries are used up; then the last reason.
pub(super) async fn deliver(
    sandbox: &Sandbox,
    url: &str,
    name: &str,
    body: &str,
    pause: Duration,
) -> Result<(), String> {
    let key = &sandbox.0.settings.signing_key;
    let mut tries = 0;
    loop {
        let mut request = sandbox
            .0
            .client
            .post(url)
            .timeout(TIMEOUT)
            .header("Content-Type", "application/json")
            .header("Idenfy-Event-Type", name);
        if !key.is_empty() {
            request = request.header("Idenfy-Signature", sign(key, body.as_bytes()));
        }
        let reason = match request.body(body.to_owned()).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => answer.status().to_string(),
            // An address can hold a secret.
            Err(error) => format!("{:?}", error.without_url()),
        };
        if tries == RETRIES {
            return Err(reason);
        }
        tries += 1;
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests;
