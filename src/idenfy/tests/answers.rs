//! Answers that start a session, and those that only look like it.

use super::*;

async fn minted(body: &Value) -> (Result<Minted, MintError>, Server) {
    let server = Server::start([answer(200, "", &body.to_string())]).await;
    (mint(&server.client()).await, server)
}

#[tokio::test]
async fn a_session_is_read_from_idenfys_full_answer() {
    let (minted, _server) = minted(&json!({
        "message": "Token created successfully", "authToken": "tok-1",
        "redirectUrl": "https://UI.idenfy.com/?authToken=tok-1", "scanRef": "scan-1",
        "clientId": "customer-1", "firstName": null, "locale": "en", "country": null,
        "expiryTime": 1200, "sessionLength": 600, "documents": ["ID_CARD"],
        "allowedDocuments": {"LT": ["ID_CARD"]}, "additionalSteps": {}, "digitString": null,
    }))
    .await;
    let minted = minted.unwrap();
    assert_eq!(
        minted,
        Minted {
            scan_ref: Some("scan-1".to_owned()),
            auth_token: Secret::new("tok-1"),
            redirect_url: "https://ui.idenfy.com/?authToken=tok-1".to_owned(),
            valid_seconds: 1200,
        }
    );
    assert!(!format!("{minted:?}").contains("tok-1"));
}

#[tokio::test]
async fn what_is_optional_may_be_missing_null_or_odd() {
    for (body, scan_ref, valid_seconds) in [
        (json!({"authToken": "a/b c"}), None, 3600),
        (
            json!({"tokenString": "a/b c", "redirectUrl": null, "scanRef": null}),
            None,
            3600,
        ),
        (
            json!({"authToken": "a/b c", "tokenString": "x", "redirectUrl": ""}),
            None,
            3600,
        ),
        (
            json!({"authToken": "a/b c", "scanRef": "s", "expiryTime": 86400}),
            Some("s"),
            3600,
        ),
        (
            json!({"authToken": "a/b c", "scanRef": "", "expiryTime": "soon"}),
            None,
            3600,
        ),
        (
            json!({"authToken": "a/b c", "scanRef": "a\u{0}b", "expiryTime": -1}),
            None,
            3600,
        ),
        (
            json!({"authToken": "a/b c", "scanRef": "s", "expiryTime": 60}),
            Some("s"),
            60,
        ),
    ] {
        let (minted, server) = minted(&body).await;
        let minted = minted.unwrap();
        let address = format!("{}/api/v2/redirect?authToken=a%2Fb%20c", server.base());
        assert_eq!(minted.redirect_url, address, "{body}");
        assert_eq!(minted.scan_ref.as_deref(), scan_ref, "{body}");
        assert_eq!(minted.valid_seconds, valid_seconds, "{body}");
    }
}

#[tokio::test]
async fn an_age_estimation_that_ends_sooner_says_so() {
    for (date, expires_at, valid_seconds) in [
        // Compared with iDenfy's own clock where it tells it.
        (
            "date: Mon, 01 Mar 2027 11:00:00 GMT\r\n",
            json!("2027-03-01T11:10:00Z"),
            600,
        ),
        ("", json!("2027-03-01T12:10:00+00:00"), 600),
        ("", json!("2027-03-02T12:00:00Z"), 3600),
        ("", json!("2026-03-01T12:00:00Z"), 3600),
        ("", json!(null), 3600),
        ("", json!(17), 3600),
    ] {
        let body = json!({
            "token": "t", "session_url": "https://ui.idenfy.com/", "expires_at": expires_at,
        });
        let server = Server::start([answer(201, date, &body.to_string())]).await;
        let minted = mint_flow(&server.client(), Flow::Selfie, json!({}))
            .await
            .unwrap();
        assert_eq!(minted.valid_seconds, valid_seconds, "{body}");
    }
}

#[tokio::test]
async fn an_address_elsewhere_is_never_followed() {
    for address in [
        "https://evil.example/?authToken=a",
        "https://ui.idenfy.com.evil.example/",
        "https://ui.idenfy.com@evil.example/",
        "http://ui.idenfy.com/",
        "http://127.0.0.1:1/",
        "javascript:alert(1)",
        "not an address",
    ] {
        let (minted, server) =
            minted(&json!({"authToken": "a", "scanRef": "s", "redirectUrl": address})).await;
        assert_eq!(minted, Err(MintError::ForeignRedirect), "{address}");
        assert_eq!(server.seen().len(), 1, "{address}");
    }
}

#[tokio::test]
async fn the_sandbox_page_is_followed_for_a_client_that_allows_it() {
    let page = "http://gateway.test:8080/sandbox/ui?authToken=a";
    let body = json!({"authToken": "a", "redirectUrl": page}).to_string();
    let server = Server::start([answer(201, "", &body)]).await;
    let client = server.client();
    assert_eq!(mint(&client).await, Err(MintError::ForeignRedirect));
    let client = client.with_sandbox_page(Url::parse("http://gateway.test:8080").unwrap());
    assert_eq!(mint(&client).await.unwrap().redirect_url, page);
}

#[tokio::test]
async fn answers_that_make_no_sense_start_nothing() {
    for body in [
        "",
        "<html>",
        "null",
        "[]",
        "{}",
        "{\"authToken\": \"a\"",
        "{\"authToken\": null}",
        "{\"authToken\": 7}",
        "{\"authToken\": \"\"}",
        "{\"authToken\": \"a\", \"redirectUrl\": 7}",
        "{\"authToken\": \"a\", \"scanRef\": []}",
        &format!("{{\"authToken\": \"a\", \"x\": {}", "[".repeat(100_000)),
        &json!({"authToken": "a", "padding": "x".repeat(300_000)}).to_string(),
    ] {
        let server = Server::start([Step::WriteAndClose(raw(201, "", body, body.len()))]).await;
        let shown = &body[..body.len().min(60)];
        assert_eq!(
            mint(&server.client()).await,
            Err(MintError::Nonsense),
            "{shown}"
        );
        assert_eq!(server.seen().len(), 1, "{shown}");
    }
    for body in [
        json!({"token": "t"}),
        json!({"session_url": "https://ui.idenfy.com/"}),
    ] {
        let server = Server::start([answer(201, "", &body.to_string())]).await;
        let minted = mint_flow(&server.client(), Flow::Selfie, json!({})).await;
        assert_eq!(minted, Err(MintError::Nonsense), "{body}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let endless = format!("HTTP/1.1 201 X\r\n\r\n{{\"a\": \"{}", "x".repeat(300_000));
    let server = Server::start([Step::WriteAndHang(endless.into_bytes())]).await;
    assert_eq!(mint(&server.client()).await, Err(MintError::Nonsense));
}
