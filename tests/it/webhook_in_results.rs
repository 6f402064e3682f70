//! iDenfy's webhook: which session it changes, and how.

use futures_util::future::join_all;
use serde_json::json;

use crate::api_support::{metric, over, send_webhook};
use crate::harness::gateway::START;
use crate::harness::{Answer, Context, Gateway, tests};
use crate::webhook_in::{AUTO, CANCELLED, EXPIRED, MANUAL, result, send, session, shown};

tests!(
    "webhook_in_results",
    [
        a_session_of_somebody_else_is_recorded_and_changes_nothing,
        a_session_is_found_by_scan_ref_then_by_customer,
        an_age_estimation_is_found_by_its_token,
        results_move_a_session_by_the_rules,
        tags_and_checks_are_kept_in_the_words_of_idenfy,
        fifty_copies_at_once_change_a_session_once,
        an_old_result_repeated_after_a_newer_one_changes_nothing,
    ]
);

async fn a_session_of_somebody_else_is_recorded_and_changes_nothing(context: Context) {
    let gateway = Gateway::start(&context).await;
    let own = session(&gateway).await;
    send(
        &gateway,
        MANUAL,
        &result(&json!("scan-elsewhere"), "APPROVED", true),
    )
    .await;
    let kept = "SELECT COUNT(*) FROM idenfy_events WHERE session_id IS NULL";
    assert_eq!(gateway.database.numbers(kept).await, [1]);
    // Whose it is concerns nobody here.
    assert!(!gateway.database.holds("scan-elsewhere").await);
    assert_eq!(
        metric(&gateway, "entrypass_webhooks_total{result=\"not_ours\"}").await,
        1
    );
    assert_eq!(shown(&gateway, &own).await["status"], "active");
    assert_eq!(
        gateway.get("/sessions").await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

async fn a_session_is_found_by_scan_ref_then_by_customer(context: Context) {
    let gateway = Gateway::start(&context).await;
    let start = async |client: &str| {
        gateway
            .post("/sessions", json!({"token": {"clientId": client}}))
            .await
            .1
    };
    // An answer without a scanRef leaves only the customer to find it by.
    let answer = json!({"authToken": "t"});
    gateway.idenfy.answer(Answer::Document(answer));
    let nameless = start("nameless").await;
    assert_eq!(nameless["scan_ref"], json!(null));
    gateway.idenfy.answer(Answer::Token);
    let named = start("named").await;
    let other = start("other").await;
    // The scanRef wins over the customer.
    let body = over(
        result(&named["scan_ref"], "DENIED", true),
        &json!({"clientId": "other"}),
    );
    send(&gateway, MANUAL, &body).await;
    assert_eq!(shown(&gateway, &named).await["status"], "denied");
    assert_eq!(shown(&gateway, &other).await["status"], "active");
    let body = over(
        result(&json!("late-scan"), "APPROVED", true),
        &json!({"clientId": "nameless"}),
    );
    send(&gateway, MANUAL, &body).await;
    let found = shown(&gateway, &nameless).await;
    assert_eq!(
        (&found["status"], &found["scan_ref"]),
        (&json!("approved"), &json!("late-scan"))
    );
    // Another scan of a customer whose session has its own is not ours.
    let body = over(
        result(&json!("foreign-scan"), "APPROVED", true),
        &json!({"clientId": "other"}),
    );
    send(&gateway, MANUAL, &body).await;
    assert_eq!(shown(&gateway, &other).await["status"], "active");
}

async fn an_age_estimation_is_found_by_its_token(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (run, outcome, status) in [
        ("COMPLETED", json!("SUCCESS"), "approved"),
        ("COMPLETED", json!("UNDERAGE"), "denied"),
        ("COMPLETED", json!("FACE_MISMATCH"), "denied"),
        ("COMPLETED", json!("ATTEMPTS_EXCEEDED"), "denied"),
        ("FAILED", json!(null), "denied"),
        ("COMPLETED", json!("UNCERTAIN"), "suspected"),
    ] {
        let wanted =
            json!({"flow": "selfie", "token": {"min_age": 18, "confidence_threshold": 85}});
        let session = gateway.post("/sessions", wanted).await.1;
        let body = json!({"scanRef": session["scan_ref"], "status": run, "outcome": outcome, "clientId": null});
        send(&gateway, "AGE_ESTIMATION", &body).await;
        let found = shown(&gateway, &session).await;
        assert_eq!(
            (&found["status"], &found["final"]),
            (&json!(status), &json!(true)),
            "{outcome}"
        );
    }
}

/// Event, overall, final; then status, final and provisional of the session.
type Step = (
    &'static str,
    &'static str,
    bool,
    &'static str,
    bool,
    Option<&'static str>,
);

#[expect(clippy::too_many_lines, reason = "a table")]
async fn results_move_a_session_by_the_rules(context: Context) {
    let gateway = Gateway::start(&context).await;
    let stories: &[&[Step]] = &[
        &[
            (AUTO, "ACTIVE", false, "active", false, None),
            (AUTO, "REVIEWING", false, "reviewing", false, None),
            (
                AUTO,
                "APPROVED",
                false,
                "reviewing",
                false,
                Some("approved"),
            ),
            (
                AUTO,
                "SUSPECTED",
                false,
                "reviewing",
                false,
                Some("suspected"),
            ),
            (MANUAL, "DENIED", true, "denied", true, None),
            (AUTO, "APPROVED", false, "denied", true, None),
            (AUTO, "REVIEWING", false, "denied", true, None),
            (EXPIRED, "EXPIRED", true, "denied", true, None),
            (CANCELLED, "ACTIVE", true, "denied", true, None),
            (MANUAL, "APPROVED", true, "approved", true, None),
            (EXPIRED, "EXPIRED-DELETED", true, "approved", true, None),
        ],
        &[
            (EXPIRED, "EXPIRED", false, "expired", true, None),
            (AUTO, "APPROVED", false, "expired", true, None),
            (MANUAL, "APPROVED", true, "approved", true, None),
        ],
        &[
            (CANCELLED, "ACTIVE", false, "cancelled", true, None),
            (AUTO, "REVIEWING", false, "cancelled", true, None),
            (AUTO, "DENIED", true, "denied", true, None),
        ],
        &[(
            "IDENTIFICATION_CANCELED",
            "ACTIVE",
            false,
            "cancelled",
            true,
            None,
        )],
        &[(EXPIRED, "EXPIRED-DELETED", true, "deleted", true, None)],
        &[("IDENTIFICATION", "APPROVED", true, "approved", true, None)],
        &[("IDENTIFICATION", "SUSPECTED", true, "suspected", true, None)],
        &[(
            "IDENTIFICATION_RESUBMITTED",
            "REVIEWING",
            false,
            "reviewing",
            false,
            None,
        )],
        &[(
            "IDENTIFICATION",
            "Some-New_STATE",
            true,
            "some-new_state",
            true,
            None,
        )],
        &[(
            "IDENTIFICATION",
            "Some-New_STATE",
            false,
            "reviewing",
            false,
            Some("some-new_state"),
        )],
        &[("IDENTIFICATION", "DELETED", true, "deleted", true, None)],
        &[("IDENTIFICATION", "ARCHIVED", true, "archived", true, None)],
        // A video call or an expiring document says nothing of the result.
        &[
            (
                "VIDEO_CALL_FINISHED",
                "APPROVED",
                true,
                "active",
                false,
                None,
            ),
            (
                "DOCUMENT_EXPIRATION",
                "APPROVED",
                true,
                "active",
                false,
                None,
            ),
        ],
    ];
    for story in stories {
        let session = session(&gateway).await;
        for (n, (event, overall, told_final, status, is_final, provisional)) in
            story.iter().enumerate()
        {
            let body = over(
                result(&session["scan_ref"], overall, *told_final),
                &json!({"n": n}),
            );
            send(&gateway, event, &body).await;
            let now = shown(&gateway, &session).await;
            let is = (&now["status"], &now["final"], &now["provisional"]);
            assert_eq!(
                is,
                (&json!(status), &json!(is_final), &json!(provisional)),
                "{story:?}, step {n}"
            );
            assert_eq!(
                now["finished_at"],
                if *is_final { json!(START) } else { json!(null) }
            );
        }
    }
    assert_eq!(
        gateway.get("/sessions?status=some-new_state").await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

async fn tags_and_checks_are_kept_in_the_words_of_idenfy(context: Context) {
    let gateway = Gateway::start(&context).await;
    let session = session(&gateway).await;
    let body = json!({
        "scanRef": session["scan_ref"], "final": true, "status": {
            "overall": "SUSPECTED", "fraudTags": ["FAKE_PHOTO", "AML_SUSPECTION"], "mismatchTags": ["NAME"],
            "suspicionReasons": ["AML_SUSPECTION", "DEV_TOOLS_OPENED"], "autoFace": "FACE_MATCH",
            "manualFace": null, "autoDocument": "DOC_VALIDATED", "manualDocument": "DOC_EXPIRED",
        },
    });
    gateway.clock.advance(5000);
    send(&gateway, MANUAL, &body).await;
    let now = shown(&gateway, &session).await;
    assert_eq!(
        now["fraud_tags"],
        json!(["FAKE_PHOTO", "AML_SUSPECTION", "DEV_TOOLS_OPENED"])
    );
    assert_eq!(now["mismatch_tags"], json!(["NAME"]));
    let checks = json!({
        "auto_document": "DOC_VALIDATED", "auto_face": "FACE_MATCH", "manual_document": "DOC_EXPIRED", "manual_face": null,
    });
    assert_eq!(now["checks"], checks);
    assert_eq!(now["finished_at"], "2027-01-15T12:00:05Z");
}

async fn fifty_copies_at_once_change_a_session_once(context: Context) {
    let gateway = Gateway::start(&context).await;
    let session = session(&gateway).await;
    let body = result(&session["scan_ref"], "APPROVED", true).to_string();
    let answers = join_all((0..50).map(|_| send_webhook(&gateway, MANUAL, body.as_bytes()))).await;
    assert!(answers.iter().all(|answer| answer.status() == 200));
    for (result, times) in [("applied", 1), ("repeat", 49), ("unchanged", 0)] {
        let sample = format!("entrypass_webhooks_total{{result=\"{result}\"}}");
        assert_eq!(metric(&gateway, &sample).await, times, "{result}");
    }
    assert_eq!(shown(&gateway, &session).await["status"], "approved");
}

async fn an_old_result_repeated_after_a_newer_one_changes_nothing(context: Context) {
    let gateway = Gateway::start(&context).await;
    let session = session(&gateway).await;
    let old = result(&session["scan_ref"], "APPROVED", true);
    let new = result(&session["scan_ref"], "DENIED", true);
    for body in [&old, &new, &old, &old] {
        gateway.clock.advance(1000);
        send(&gateway, MANUAL, body).await;
    }
    let now = shown(&gateway, &session).await;
    assert_eq!(
        (&now["status"], &now["finished_at"]),
        (&json!("denied"), &json!("2027-01-15T12:00:02Z"))
    );
}
