//! Where a visitor may be sent: to hosts that were agreed on, over https.

use serde_json::json;

use crate::faults::survive;
use crate::harness::gateway::location;
use crate::harness::{Answer, Context, Gateway, tests};

tests!(
    "redirects",
    [
        a_visitor_is_sent_only_to_agreed_hosts,
        redirect_hosts_can_be_set,
        a_redirect_of_idenfys_own_is_not_followed,
    ]
);

fn naming(address: &str) -> Answer {
    Answer::Document(json!({"authToken": "a", "scanRef": "scan", "redirectUrl": address}))
}

async fn a_visitor_is_sent_only_to_agreed_hosts(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let own = gateway.idenfy.base.trim_start_matches("http://").to_owned();
    let port = own.split_once(':').unwrap().1.to_owned();
    let link = gateway.link(json!({})).await;
    let good = [
        "https://ui.idenfy.com/?authToken=a".to_owned(),
        format!("https://{own}/x?authToken=a"),
        format!("http://{own}/x?authToken=a"),
    ];
    for address in &good {
        gateway.idenfy.answer(naming(address));
        let answer = gateway.click(&link).await;
        assert_eq!(
            (answer.status().as_u16(), &location(&answer)),
            (302, address)
        );
    }
    for address in [
        "http://ui.idenfy.com/?authToken=a",
        "https://evil.example/UPSTREAM-MARKER",
        "https://ui.idenfy.com.evil.example/",
        "https://ui.idenfy.com@evil.example/",
        "https://evil.example/?https://ui.idenfy.com/",
        "https://user:pass@ui.idenfy.com/",
        "https://ui.idenfy.com:8443/",
        "https://ivs.idenfy.com/",
        "//ui.idenfy.com/",
        "/UPSTREAM-MARKER",
        "javascript:alert(1)",
        "data:text/html,UPSTREAM-MARKER",
        "UPSTREAM-MARKER",
        &format!("http://localhost:{port}/"),
        "http://127.0.0.1:1/",
        "https://127.0.0.1/",
    ] {
        survive(&context, &gateway, json!({}), &naming(address)).await;
    }
    assert_eq!(gateway.used(&link).await, 3);
}

async fn redirect_hosts_can_be_set(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::with(&context, |config| {
        config.idenfy.redirect_hosts = vec!["ui.example.eu".into(), "v.example.eu:8443".into()];
    })
    .await;
    let link = gateway.link(json!({})).await;
    for (address, status) in [
        ("https://ui.example.eu/?authToken=a", 302),
        ("https://v.example.eu:8443/", 302),
        ("https://v.example.eu/", 503),
        ("http://ui.example.eu/", 503),
        ("https://ui.idenfy.com/", 503),
    ] {
        gateway.idenfy.answer(naming(address));
        assert_eq!(gateway.click(&link).await.status(), status, "{address}");
    }
    assert_eq!(gateway.used(&link).await, 2);
}

async fn a_redirect_of_idenfys_own_is_not_followed(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    for status in [301, 302, 307, 308] {
        let before = gateway.idenfy.calls().len();
        let fault = Answer::Raw(status, "Location: /UPSTREAM-MARKER\r\n", String::new());
        survive(&context, &gateway, json!({}), &fault).await;
        assert_eq!(gateway.idenfy.calls().len() - before, 3, "{status}");
    }
    assert!(
        gateway
            .idenfy
            .calls()
            .iter()
            .all(|call| call.path == "/api/v2/token")
    );
}
