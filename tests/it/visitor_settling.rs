//! Every use that was spent is settled, however a click ends.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::gateway::{MINT_MS, PHONE, location, path_of, text};
use crate::harness::{Answer, BOUND, Context, Gateway, eventually, tests};
use crate::visitor_kit::{HOUR_MS, called, hold_back, states, unavailable, webhook};

tests!(
    "settling",
    [
        a_visitor_who_hangs_up_does_not_strand_his_use,
        a_visitor_who_hangs_up_on_a_mint_that_fails_gives_his_use_back,
        an_answer_that_comes_after_the_sweep_is_too_late,
        a_webhook_that_comes_before_the_answer_keeps_the_use_spent,
        a_lost_answers_session_is_noted_when_a_webhook_tells_of_it,
        an_answer_that_cannot_be_written_sends_nobody_anywhere,
        a_link_switched_off_during_the_mint_still_lets_this_visitor_in,
        a_sweep_leaves_alone_what_is_settled_or_still_runs,
    ]
);

/// Longer than any click may take here.
const LEASE_MS: i64 = MINT_MS.cast_signed() + 20_000;

/// Sends a click and gives the connection, without waiting for the answer.
async fn half_a_click(gateway: &Gateway, link: &Value) -> TcpStream {
    let address = gateway.base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let path = path_of(link);
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: {PHONE}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("a request");
    stream
}

async fn a_visitor_who_hangs_up_does_not_strand_his_use(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"usage": {"type": "multi", "limit": 9}}))
        .await;
    let gate = hold_back(&gateway);
    let gentle = half_a_click(&gateway, &link).await;
    let rough = half_a_click(&gateway, &link).await;
    called(&gateway, 2).await;
    rough.set_zero_linger().expect("a socket");
    drop((gentle, rough));
    // The gateway has had time to notice: another visitor was served meanwhile.
    assert_eq!(gateway.submit(&link, &[]).await.status(), 200);
    gate.add_permits(2);
    eventually(BOUND, "both are settled", async || {
        states(&gateway, &link).await == ["active", "active"]
    })
    .await;
    assert_eq!(
        (gateway.used(&link).await, gateway.idenfy.calls().len()),
        (2, 2)
    );
}

async fn a_visitor_who_hangs_up_on_a_mint_that_fails_gives_his_use_back(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::with(&context, |config| config.idenfy.timeout_ms = 5_000).await;
    let link = gateway.link(json!({"usage": {"type": "single"}})).await;
    gateway.idenfy.answer(Answer::Hang);
    let visitor = half_a_click(&gateway, &link).await;
    called(&gateway, 1).await;
    drop(visitor);
    eventually(BOUND, "it is settled", async || {
        states(&gateway, &link).await == ["failed"]
    })
    .await;
    assert_eq!(gateway.used(&link).await, 0);
}

async fn an_answer_that_comes_after_the_sweep_is_too_late(context: Context) {
    context.expect_log("iDenfy began a session whose use is not spent any more");
    let gateway = Gateway::start(&context).await;
    let link = gateway
        .link(json!({"usage": {"type": "multi", "limit": 3}}))
        .await;
    assert_eq!(gateway.click(&link).await.status(), 302);
    let gate = hold_back(&gateway);
    let (late, ()) = tokio::join!(gateway.click(&link), async {
        called(&gateway, 2).await;
        assert_eq!(gateway.used(&link).await, 2);
        gateway.clock.advance(LEASE_MS);
        gateway.sweep().await;
        assert_eq!(gateway.used(&link).await, 1);
        assert_eq!(states(&gateway, &link).await, ["failed", "active"]);
        gate.add_permits(1);
    });
    unavailable(late).await;
    gateway.sweep().await;
    assert_eq!(gateway.used(&link).await, 1, "given back once");
    let sessions = gateway.sessions(&link).await;
    assert_eq!(
        (&sessions[0]["status"], &sessions[0]["scan_ref"]),
        (&json!("failed"), &json!("scan-1"))
    );
    gateway.idenfy.answer(Answer::Token);
    for status in [302, 302, 410] {
        assert_eq!(gateway.click(&link).await.status(), status);
    }
}

async fn a_webhook_that_comes_before_the_answer_keeps_the_use_spent(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (is_final, shown) in [(false, "reviewing"), (true, "approved")] {
        let link = gateway.link(json!({"usage": {"type": "single"}})).await;
        let before = gateway.idenfy.calls().len();
        let gate = hold_back(&gateway);
        let (answer, ()) = tokio::join!(gateway.click(&link), async {
            called(&gateway, before + 1).await;
            let client = gateway.idenfy.calls()[before].body["clientId"].clone();
            let body = json!({
                "final": is_final, "scanRef": format!("scan-{before}"), "clientId": client,
                "status": {"overall": "APPROVED"},
            });
            webhook(&gateway, "IDENTIFICATION_AUTO_FINISHED", &body).await;
            assert_eq!(states(&gateway, &link).await, [shown]);
            gateway.clock.advance(LEASE_MS);
            gateway.sweep().await;
            assert_eq!(gateway.used(&link).await, 1);
            gate.add_permits(1);
        });
        assert_eq!(answer.status(), 302);
        let session = &gateway.sessions(&link).await[0];
        assert_eq!(
            (&session["status"], &session["final"]),
            (&json!(shown), &json!(is_final))
        );
        assert_eq!(session["scan_ref"], format!("scan-{before}"));
        assert_eq!(gateway.used(&link).await, 1);
        assert_eq!(gateway.click(&link).await.status(), 410);
    }
}

async fn a_lost_answers_session_is_noted_when_a_webhook_tells_of_it(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"usage": {"type": "single"}})).await;
    gateway.idenfy.answer(Answer::Truncated);
    unavailable(gateway.click(&link).await).await;
    assert_eq!(
        (gateway.used(&link).await, gateway.idenfy.calls().len()),
        (0, 1)
    );
    let client = gateway.idenfy.calls()[0].body["clientId"].clone();
    let body = json!({
        "final": true, "scanRef": "orphan", "clientId": client, "status": {"overall": "EXPIRED"},
    });
    webhook(&gateway, "IDENTIFICATION_EXPIRED", &body).await;
    let session = &gateway.sessions(&link).await[0];
    assert_eq!(
        (&session["status"], &session["scan_ref"]),
        (&json!("failed"), &json!("orphan"))
    );
    assert_eq!(gateway.used(&link).await, 0);
}

async fn an_answer_that_cannot_be_written_sends_nobody_anywhere(context: Context) {
    for text in [
        "could not be written",
        "the sweep failed",
        "results cannot be sent",
        "a request failed",
    ] {
        context.expect_log(text);
    }
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({"usage": {"type": "single"}})).await;
    let gate = hold_back(&gateway);
    let (answer, ()) = tokio::join!(gateway.click(&link), async {
        called(&gateway, 1).await;
        let move_away = "ALTER TABLE sessions RENAME TO elsewhere";
        gateway.database.execute(move_away).await.unwrap();
        gate.add_permits(1);
    });
    unavailable(answer).await;
    let move_back = "ALTER TABLE elsewhere RENAME TO sessions";
    gateway.database.execute(move_back).await.unwrap();
    gateway.clock.advance(LEASE_MS);
    gateway.sweep().await;
    assert_eq!(states(&gateway, &link).await, ["failed"]);
    assert_eq!(gateway.used(&link).await, 0);
}

async fn a_link_switched_off_during_the_mint_still_lets_this_visitor_in(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    let gate = hold_back(&gateway);
    let (answer, ()) = tokio::join!(gateway.click(&link), async {
        called(&gateway, 1).await;
        let path = format!("/links/{}/deactivate", text(&link["id"]));
        assert_eq!(gateway.api(Method::POST, &path, None).await.0, 200);
        gate.add_permits(1);
    });
    assert_eq!(answer.status(), 302);
    assert!(location(&answer).starts_with(&gateway.idenfy.base));
    assert_eq!(states(&gateway, &link).await, ["active"]);
    assert_eq!(gateway.click(&link).await.status(), 410);
}

async fn a_sweep_leaves_alone_what_is_settled_or_still_runs(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    assert_eq!(gateway.click(&link).await.status(), 302);
    gateway.idenfy.answer(Answer::Raw(402, "", "{}".into()));
    unavailable(gateway.click(&link).await).await;
    gateway.clock.advance(2 * HOUR_MS);
    let gate = hold_back(&gateway);
    let (answer, ()) = tokio::join!(gateway.click(&link), async {
        called(&gateway, 3).await;
        // Within its budget the click is still under way.
        gateway.clock.advance(MINT_MS.cast_signed() - 1);
        assert_eq!(gateway.sweep().await, 0);
        gate.add_permits(1);
    });
    assert_eq!(answer.status(), 302);
    assert_eq!(gateway.used(&link).await, 2);
    assert_eq!(
        states(&gateway, &link).await,
        ["active", "failed", "active"]
    );
}
