//! Refusals, faults and broken connections: what they are called, and whether the call is repeated.

use super::*;

fn bad(identifier: Option<&'static str>) -> MintError {
    MintError::BadParameters { identifier }
}

const fn fault(status: u16) -> MintError {
    MintError::IdenfyFault {
        status,
        retry_after: None,
    }
}

#[tokio::test]
async fn every_refusal_has_its_name_and_is_not_repeated() {
    let funds = "Action not allowed due to lack of funds or exceeded limit.";
    for (status, body, error) in [
        (
            401,
            json!({"message": "Invalid authorization credentials"}),
            MintError::Credentials,
        ),
        (
            401,
            json!({"identifier": "BAD_VALUE"}),
            MintError::Credentials,
        ),
        (401, json!(null), MintError::Credentials),
        (
            403,
            json!({"message": "Partner inactive"}),
            MintError::Credentials,
        ),
        (
            403,
            json!({"identifier": "UNAUTHORIZED"}),
            MintError::Credentials,
        ),
        (
            403,
            json!({"identifier": "PERMISSIONS_ERROR"}),
            bad(Some("PERMISSIONS_ERROR")),
        ),
        (402, json!({"message": funds}), MintError::OutOfCredits),
        (
            402,
            json!({"message": funds, "code": "insufficient_finances"}),
            MintError::OutOfCredits,
        ),
        (402, json!(null), MintError::OutOfCredits),
        (
            400,
            json!({"identifier": "PERMISSIONS_ERROR", "message": "Partner reached token limit."}),
            MintError::OutOfCredits,
        ),
        (
            400,
            json!({"identifier": "PERMISSIONS_ERROR"}),
            bad(Some("PERMISSIONS_ERROR")),
        ),
        (
            400,
            json!({"identifier": "BAD_VALUE", "message": "'country'"}),
            bad(Some("BAD_VALUE")),
        ),
        (
            400,
            json!({"identifier": "<script>", "message": "x"}),
            bad(None),
        ),
        (
            400,
            json!({"identifier": ["BAD_VALUE"], "message": {}}),
            bad(None),
        ),
        (400, json!("text"), bad(None)),
        (
            422,
            json!({"identifier": "VALIDATION_ERROR"}),
            bad(Some("VALIDATION_ERROR")),
        ),
        (409, json!({"message": "Conflict"}), MintError::Conflict),
        (500, json!({"identifier": "INTERNAL_ERROR"}), fault(500)),
        (502, json!(null), fault(502)),
        (504, json!(null), fault(504)),
        (404, json!(null), MintError::Nonsense),
        (
            405,
            json!({"identifier": "METHOD_NOT_ALLOWED"}),
            MintError::Nonsense,
        ),
    ] {
        let server = Server::start([answer(status, "", &body.to_string())]).await;
        assert_eq!(mint(&server.client()).await, Err(error), "{status} {body}");
        assert_eq!(server.seen().len(), 1, "{status} {body}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Server::start([started()]).await;
    let location = format!("location: {}/api/v2/token\r\n", other.base());
    for status in [301, 302, 303, 307, 308] {
        let server = Server::start([answer(status, &location, "")]).await;
        assert_eq!(
            mint(&server.client()).await,
            Err(MintError::Nonsense),
            "{status}"
        );
    }
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn calls_that_started_nothing_are_made_three_times() {
    let limited = MintError::RateLimited { retry_after: None };
    for (status, error) in [(429, limited), (503, fault(503))] {
        let server = Server::start([answer(status, "", "{}")]).await;
        assert_eq!(mint(&server.client()).await, Err(error));
        assert_eq!(server.seen().len(), 3);
    }
}

#[tokio::test]
async fn a_call_succeeds_once_idenfy_is_back() {
    let server = Server::start([
        answer(429, "retry-after: 0\r\n", ""),
        answer(503, "retry-after: Mon, 01 Mar 2027 11:00:00 GMT\r\n", ""),
        started(),
    ])
    .await;
    assert!(mint(&server.client()).await.is_ok());
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|call| call.body == seen[0].body));
}

#[tokio::test]
async fn a_wait_beyond_the_budget_is_given_up_at_once() {
    for (told, seconds) in [
        ("retry-after: 30\r\n", 30),
        ("retry-after: 7200\r\n", 7200),
        ("retry-after: Mon, 01 Mar 2027 12:02:00 GMT\r\n", 120),
        (
            "date: Mon, 01 Mar 2027 12:01:30 GMT\r\nretry-after: Mon, 01 Mar 2027 12:02:00 GMT\r\n",
            30,
        ),
    ] {
        let retry_after = Some(seconds);
        for (status, error) in [
            (429, MintError::RateLimited { retry_after }),
            (
                503,
                MintError::IdenfyFault {
                    status: 503,
                    retry_after,
                },
            ),
        ] {
            let server = Server::start([answer(status, told, "")]).await;
            let told = mint(&server.client()).await.unwrap_err();
            assert_eq!(told.retry_after_seconds(), seconds.min(3600));
            assert_eq!(told, error);
            assert_eq!(server.seen().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_pause_beyond_the_budget_is_not_begun() {
    // A busy machine may need the budget for the first call alone.
    let mut tries = 0;
    let (server, told) = loop {
        tries += 1;
        let server = Server::start([answer(503, "", "")]).await;
        let client = client(&config::Idenfy {
            timeout_ms: 150,
            ..server.config()
        });
        match mint(&client).await {
            Err(MintError::Timeout) if tries < 20 => {}
            told => break (server, told),
        }
    };
    assert_eq!(told, Err(fault(503)));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_idenfy_that_hangs_is_a_timeout_and_not_called_again() {
    let body = json!({"authToken": "a"}).to_string();
    for begun in [
        Vec::new(),
        b"HTTP/1.1 201 X\r\ncontent-le".to_vec(),
        raw(201, "", "", 100),
        raw(201, "", &body, body.len() + 1),
    ] {
        let server = Server::start([Step::WriteAndHang(begun)]).await;
        assert_eq!(mint(&impatient(&server)).await, Err(MintError::Timeout));
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_broken_connection_is_not_called_again() {
    let body = json!({"authToken": "a"}).to_string();
    let cut = raw(201, "", &body, body.len() + 1);
    let chunked = b"HTTP/1.1 201 X\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"aut".to_vec();
    for step in [
        Step::WriteAndClose(Vec::new()),
        Step::WriteAndReset(Vec::new()),
        Step::WriteAndClose(b"HTTP/1.1 201 X\r\n".to_vec()),
        Step::WriteAndClose(cut.clone()),
        Step::WriteAndReset(cut),
        Step::WriteAndClose(chunked),
        Step::WriteAndClose(b"this is not HTTP\r\n\r\n".to_vec()),
    ] {
        let server = Server::start([step.clone()]).await;
        assert_eq!(
            mint(&server.client()).await,
            Err(MintError::BrokenOff),
            "{step:?}"
        );
        assert_eq!(server.seen().len(), 1, "{step:?}");
    }
}

#[tokio::test]
async fn a_refusal_counts_even_if_its_body_breaks_off() {
    for step in [
        Step::WriteAndClose(raw(402, "", "{", 100)),
        Step::WriteAndReset(raw(402, "", "", 100)),
        Step::WriteAndClose(raw(402, "", &"x".repeat(300_000), 300_000)),
    ] {
        let server = Server::start([step]).await;
        assert_eq!(mint(&server.client()).await, Err(MintError::OutOfCredits));
    }
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_unreachable() {
    // Bound, so that nobody else gets the port, and nobody listens there.
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let base = format!("http://{}", closed.local_addr().unwrap());
    assert_eq!(
        mint(&client(&config(&base))).await,
        Err(MintError::Unreachable)
    );
}

#[test]
fn no_error_tells_a_visitor_to_wait_for_nothing_or_forever() {
    for error in [
        MintError::NoCredentials,
        MintError::Credentials,
        MintError::OutOfCredits,
        bad(None),
        MintError::Conflict,
        MintError::RateLimited {
            retry_after: Some(0),
        },
        MintError::IdenfyFault {
            status: 503,
            retry_after: Some(u32::MAX),
        },
        MintError::Unreachable,
        MintError::Timeout,
        MintError::BrokenOff,
        MintError::Nonsense,
        MintError::ForeignRedirect,
    ] {
        assert!((1..=3600).contains(&error.retry_after_seconds()), "{error}");
        let code = error.code();
        assert!(
            code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
            "{code}"
        );
    }
}
