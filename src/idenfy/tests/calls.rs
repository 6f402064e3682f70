//! What is sent.

use super::*;

#[tokio::test]
async fn a_document_call_carries_all_that_idenfy_needs() {
    let server = Server::start([started()]).await;
    let token = options(&json!({
        "clientId": "ignored", "country": ["DE", "AT"], "checkAml": true, "externalRef": "ignored",
        "callbackUrl": "https://ignored.example", "tokenType": "ignored", "locale": "ignored",
    }));
    let request = MintRequest {
        flow: Flow::Document,
        client_id: "customer-1",
        locale: Locale::EN,
        external_ref: Some("order-1"),
        token: &token,
    };
    server
        .client()
        .mint(&request, Some("https://go.example/webhooks/idenfy"))
        .await
        .unwrap();

    let [seen] = &server.seen()[..] else {
        panic!("one call")
    };
    assert_eq!(
        seen.body,
        json!({
            "tokenType": "DOCUMENT", "clientId": "customer-1", "locale": "en", "expiryTime": 3600,
            "sessionLength": 1800, "externalRef": "order-1", "country": ["DE", "AT"],
            "checkAml": true, "callbackUrl": "https://go.example/webhooks/idenfy",
        })
    );
    assert!(
        seen.head.starts_with("POST /api/v2/token HTTP/1.1\r\n"),
        "{}",
        seen.head
    );
    for header in [
        "authorization: Basic dGhlLWtleTp0aGUtc2VjcmV0\r\n",
        "content-type: application/json\r\n",
        "accept: application/json\r\n",
        "user-agent: entrypass/",
    ] {
        assert!(seen.head.contains(header), "{header} in {}", seen.head);
    }
}

#[tokio::test]
async fn a_links_own_lengths_and_reference_beat_the_settings() {
    let server = Server::start([started()]).await;
    let token = json!({"expiryTime": 600, "sessionLength": 60, "externalRef": "mine"});
    let minted = mint_flow(&server.client(), Flow::DocumentAndSelfie, token)
        .await
        .unwrap();
    assert_eq!(minted.valid_seconds, 600);
    assert_eq!(
        server.seen()[0].body,
        json!({
            "tokenType": "IDENTIFICATION", "clientId": "customer-1", "locale": "en",
            "expiryTime": 600, "sessionLength": 60, "externalRef": "mine",
        })
    );
}

#[tokio::test]
async fn a_selfie_call_is_an_age_estimation() {
    for (given, setting, minutes) in [
        (Some(90), 3600, 90),
        (None, 3600, 60),
        (None, 60, 5),
        (None, 2_592_000, 1440),
    ] {
        let body = json!({"token": "age-1", "session_url": "https://ui.idenfy.com/age?t=age-1"});
        let server = Server::start([answer(201, "", &body.to_string())]).await;
        let client = client(&config::Idenfy {
            token_expiry_seconds: setting,
            ..server.config()
        });
        let mut sent = json!({"min_age": 18, "confidence_threshold": 80.5});
        if let Some(given) = given {
            sent["expiry_minutes"] = json!(given);
        }
        let minted = mint_flow(&client, Flow::Selfie, sent).await.unwrap();

        assert_eq!(minted.scan_ref.as_deref(), Some("age-1"));
        assert_eq!(minted.auth_token, Secret::new("age-1"));
        assert_eq!(minted.redirect_url, "https://ui.idenfy.com/age?t=age-1");
        assert_eq!(minted.valid_seconds, minutes * 60);
        let seen = &server.seen()[0];
        assert!(
            seen.head
                .starts_with("POST /age-estimation/token/ HTTP/1.1\r\n")
        );
        assert_eq!(
            seen.body,
            json!({"expiry_minutes": minutes, "min_age": 18, "confidence_threshold": 80.5})
        );
    }
}

#[tokio::test]
async fn a_selfie_call_names_its_webhook_in_its_own_way() {
    let server = Server::start([answer(500, "", "")]).await;
    let token = options(&json!({"min_age": 18}));
    let request = MintRequest {
        flow: Flow::Selfie,
        client_id: "customer-1",
        locale: Locale::EN,
        external_ref: Some("order-1"),
        token: &token,
    };
    let _ = server
        .client()
        .mint(&request, Some("https://go.example/webhooks/idenfy"))
        .await;
    let hook = "https://go.example/webhooks/idenfy";
    let sent = json!({"expiry_minutes": 60, "min_age": 18, "webhook_url": hook});
    assert_eq!(server.seen()[0].body, sent);
}

#[tokio::test]
async fn a_base_url_may_have_a_path() {
    let server = Server::start([started()]).await;
    let client = client(&config(&format!("{}/sandbox", server.base())));
    let minted = mint(&client).await.unwrap();
    assert!(
        server.seen()[0]
            .head
            .starts_with("POST /sandbox/api/v2/token ")
    );
    let address = format!("{}/sandbox/api/v2/redirect?authToken=tok-1", server.base());
    assert_eq!(minted.redirect_url, address);
}

#[tokio::test]
async fn calls_share_a_connection() {
    let server = Server::start([started(), answer(500, "", "{}"), started()]).await;
    let client = server.client();
    mint(&client).await.unwrap();
    mint(&client.clone()).await.unwrap_err();
    mint(&client).await.unwrap();
    let connections: Vec<_> = server.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 0, 0]);
}

#[tokio::test]
async fn without_credentials_nobody_is_called() {
    let server = Server::start([started()]).await;
    for (api_key, api_secret) in [(None, Some("s")), (Some("k"), None), (None, None)] {
        let client = client(&config::Idenfy {
            api_key: api_key.map(Secret::new),
            api_secret: api_secret.map(Secret::new),
            ..server.config()
        });
        assert_eq!(mint(&client).await, Err(MintError::NoCredentials));
        assert_eq!(
            client.check_credentials().await,
            Err(MintError::NoCredentials)
        );
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn permits_are_bounded_and_come_back() {
    let client = client(&config("http://127.0.0.1:9"));
    let permits: Vec<_> = (0..4).map_while(|_| client.try_permit()).collect();
    assert_eq!((permits.len(), client.in_flight()), (4, 4));
    assert!(client.clone().try_permit().is_none());
    drop(permits);
    assert_eq!(client.in_flight(), 0);
    assert!(client.try_permit().is_some());
}

#[tokio::test]
async fn credentials_are_checked_without_starting_anything() {
    let date = "date: Mon, 01 Mar 2027 11:59:00 GMT\r\n";
    let server = Server::start([
        answer(200, date, r#"{"count": 0, "results": []}"#),
        answer(401, date, ""),
        answer(502, "", ""),
    ])
    .await;
    let client = server.client();
    assert_eq!(
        client.check_credentials().await,
        Ok(Some(now().plus_millis(-60_000)))
    );
    assert_eq!(
        client.check_credentials().await,
        Err(MintError::Credentials)
    );
    let fault = MintError::IdenfyFault {
        status: 502,
        retry_after: None,
    };
    assert_eq!(client.check_credentials().await, Err(fault));
    assert!(
        server.seen()[0]
            .head
            .starts_with("GET /kyc/identifications/?perPage=1 ")
    );
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let bad = config::Idenfy {
        redirect_hosts: vec!["https://ui.idenfy.com".to_owned()],
        ..config("https://ivs.idenfy.com")
    };
    let error = Client::new(&bad, Clock::fixed(now())).unwrap_err();
    assert!(error.to_string().contains("redirect_hosts"), "{error}");
    assert!(Client::new(&config("https://ivs.idenfy.com"), Clock::fixed(now())).is_ok());
}
