//! Result endpoints in the dashboard: made, changed, tried, switched off and on, and what they were sent.

use entrypass::domain::event::EventType;
use entrypass::domain::person::Role;
use entrypass::domain::timestamp::DAY_MS;
use entrypass::store::endpoints::PayloadKind;

use crate::api_endpoints::{deliver, private};
use crate::dashboard_kit::{Browser, signed_in};
use crate::dashboard_settings::between;
use crate::harness::receiver::reply;
use crate::harness::{Context, Gateway, Receiver, tests};

tests!(
    "dashboard_endpoints",
    [
        an_endpoint_is_made_changed_and_deleted,
        mistakes_in_an_endpoint_are_named_and_what_was_typed_stays,
        what_was_sent_is_listed_and_retried,
        an_endpoint_is_switched_off_and_on,
    ]
);

const ENDPOINTS: &str = "/admin/settings/endpoints";

async fn admin(gateway: &Gateway) -> Browser<'_> {
    signed_in(gateway, "ana@example.com", Role::Administrator).await
}

/// Adds an endpoint; the path of its page.
async fn add(ana: &mut Browser<'_>, url: &str) -> String {
    let new = format!("{ENDPOINTS}/new");
    ana.open(&new).await;
    let typed = [
        ("url", url),
        ("events", "session.finished"),
        ("payload", "verdict"),
    ];
    let made = ana.post(&new, &typed).await;
    assert_eq!(made.status, 200, "{}", made.html);
    let id = between(
        &made.html,
        "primary\" href=\"/admin/settings/endpoints/",
        "\"",
    );
    format!("{ENDPOINTS}/{id}")
}

/// Posts a form of that page.
async fn press(ana: &mut Browser<'_>, page: &str, action: &str) -> String {
    ana.open(page).await;
    let shown = ana.post(&format!("{page}/{action}"), &[]).await;
    assert_eq!(
        (shown.status, &*shown.location),
        (303, page),
        "{}",
        shown.html
    );
    ana.open(page).await
}

async fn an_endpoint_is_made_changed_and_deleted(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut ana = admin(&gateway).await;
    assert!(ana.open(ENDPOINTS).await.contains("No endpoints yet"));
    let page = add(&mut ana, "https://example.com/<script>?token=TOKEN").await;
    let list = ana.open(ENDPOINTS).await;
    assert!(list.contains("example.com/%3Cscript%3E") && list.contains("Working"));
    assert!(!list.contains("TOKEN"));
    let shown = ana.open(&page).await;
    assert!(shown.contains("token=TOKEN") && !shown.contains("whsec_"));
    assert!(shown.contains("Nothing was sent in the last 30 days"));
    let change = format!("{page}/change");
    assert!(
        ana.open(&change)
            .await
            .contains("value=\"session.finished\" checked")
    );
    let typed = [
        ("url", "https://example.com/new"),
        ("events", "link.expired"),
        ("events", "session.started"),
        ("payload", "full"),
    ];
    assert_eq!(ana.post(&change, &typed).await.location, page);
    let store = &gateway.state.store;
    let endpoint = store.endpoints(None, 1).await.unwrap().remove(0);
    assert_eq!(endpoint.url.expose(), "https://example.com/new");
    assert_eq!(
        endpoint.events,
        [EventType::SessionStarted, EventType::LinkExpired]
    );
    assert_eq!(endpoint.payload, PayloadKind::Full);

    // Another secret, shown once; the one before signs too for a day.
    let rotate = format!("{page}/rotate");
    assert!(ana.open(&rotate).await.contains("For 24 hours"));
    let rotated = ana.post(&rotate, &[]).await;
    let secret = between(&rotated.html, "data-copy=\"", "\"").to_owned();
    let now = store.endpoint(endpoint.id).await.unwrap().unwrap();
    assert_eq!(now.secret.expose(), secret);
    assert_eq!(now.previous.as_ref().unwrap().0, endpoint.secret);
    let shown = ana.open(&page).await;
    assert!(shown.contains("The one before signs too") && !shown.contains(&secret));

    let delete = format!("{page}/delete");
    assert!(
        ana.open(&delete)
            .await
            .contains("Delete example.com/new</button>")
    );
    assert_eq!(ana.post(&delete, &[]).await.location, ENDPOINTS);
    assert_eq!(ana.get(&page).await.status, 404);
    let log = ana.open("/admin/settings/audit").await;
    for told in [
        "made an endpoint",
        "changed an endpoint",
        "another secret",
        "deleted an endpoint",
    ] {
        assert!(log.contains(told), "{told}");
    }
}

async fn mistakes_in_an_endpoint_are_named_and_what_was_typed_stays(context: Context) {
    let gateway = Gateway::start(&context).await;
    let mut ana = admin(&gateway).await;
    let new = format!("{ENDPOINTS}/new");
    ana.open(&new).await;
    let typed = [("url", "http://127.0.0.1/\"x"), ("payload", "some")];
    let wrong = ana.post(&new, &typed).await;
    assert_eq!(wrong.status, 422);
    for told in [
        "3 fields need another look.",
        "Address must be https.",
        "Tell it when is not chosen yet: tick at least one event.",
        "How much is sent must be one of these.",
        "value=\"http://127.0.0.1/&#34;x\"",
    ] {
        assert!(wrong.html.contains(told), "{told} {}", wrong.html);
    }
    assert_eq!(gateway.state.store.endpoints(None, 1).await.unwrap(), []);
}

async fn what_was_sent_is_listed_and_retried(context: Context) {
    let gateway = private(&context).await;
    let receiver = Receiver::start().await;
    let mut ana = admin(&gateway).await;
    let page = add(&mut ana, &receiver.base).await;
    receiver.answer(|_, _| Some((400, String::new(), "<script>no".into())));
    assert!(
        press(&mut ana, &page, "test")
            .await
            .contains("A test is on its way.")
    );
    deliver(&gateway).await;
    let shown = ana.open(&page).await;
    assert!(shown.contains("answered 400"), "{shown}");
    let delivery = format!(
        "{page}/deliveries/{}",
        between(&shown, &format!("{page}/deliveries/"), "\"")
    );
    let tries = ana.open(&delivery).await;
    assert!(tries.contains("&#60;script&#62;no</pre>") && !tries.contains("<script>no"));

    // Given up, it is among those, and one or all of them can be retried.
    let give_up = async || {
        let sql = format!(
            "UPDATE deliveries SET status = 'failed', next_attempt_at = NULL, ended_at = {}",
            gateway.clock.now().millis()
        );
        gateway.database.execute(&sql).await.unwrap();
    };
    give_up().await;
    let failed = ana.open(&format!("{page}?status=failed")).await;
    assert!(
        failed.contains("Given up</span>") && failed.contains("/retry\""),
        "{failed}"
    );
    receiver.answer(|_, _| Some(reply(204)));
    ana.post(&format!("{delivery}/retry"), &[]).await;
    deliver(&gateway).await;
    assert!(ana.open(&delivery).await.contains("Send it again"));
    assert!(
        ana.open(&format!("{page}?status=failed"))
            .await
            .contains("Nothing was given up")
    );
    give_up().await;
    ana.open(&page).await;
    let wrong = ana
        .post(&format!("{page}/retry"), &[("since", "long ago")])
        .await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong
            .html
            .contains("Given up since must be a date and a time.")
    );
    for (since, told) in [
        ("2027-01-15T12:01", "Nothing was given up since then"),
        ("2027-01-15T12:00", "1 delivery is tried again now."),
    ] {
        ana.open(&page).await;
        ana.post(&format!("{page}/retry"), &[("since", since)])
            .await;
        assert!(ana.open(&page).await.contains(told), "{told}");
    }
    deliver(&gateway).await;
    assert_eq!(receiver.all().len(), 3);
    // One endpoint's page does not show another's delivery.
    let other = add(&mut ana, &receiver.base).await;
    let id = delivery.rsplit('/').next().unwrap();
    assert_eq!(
        ana.get(&format!("{other}/deliveries/{id}")).await.status,
        404
    );
}

async fn an_endpoint_is_switched_off_and_on(context: Context) {
    let gateway = private(&context).await;
    let receiver = Receiver::start().await;
    let mut ana = admin(&gateway).await;
    let page = add(&mut ana, &receiver.base).await;
    let asked = ana.open(&format!("{page}/disable")).await;
    assert!(asked.contains("Switch off http://127.0.0.1"), "{asked}");
    ana.post(&format!("{page}/disable"), &[]).await;
    let off = ana.open(&page).await;
    assert!(off.contains("Somebody switched it off here.") && !off.contains("Send a test"));
    assert!(
        press(&mut ana, &page, "test")
            .await
            .contains("so nothing was sent")
    );
    deliver(&gateway).await;
    assert_eq!(receiver.all().len(), 0);
    assert!(
        press(&mut ana, &page, "enable")
            .await
            .contains("The endpoint is on.")
    );
    assert!(
        press(&mut ana, &page, "test")
            .await
            .contains("A test is on its way.")
    );
    deliver(&gateway).await;
    assert_eq!(receiver.all().len(), 1);
    // One that fails says since when.
    let since = gateway.clock.now().plus_millis(-DAY_MS).millis();
    let sql = format!("UPDATE endpoints SET failing_since = {since}");
    gateway.database.execute(&sql).await.unwrap();
    assert!(
        ana.open(&page)
            .await
            .contains("Nothing has got through since")
    );
    assert!(ana.open(ENDPOINTS).await.contains("Failing</span>"));
}
