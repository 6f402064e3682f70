//! Links with a fixed clientId: one open session for each customer.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::gateway::{location, path_of, text};
use crate::harness::{Answer, BOUND, Context, Gateway, eventually, tests};
use crate::visitor_kit::{
    HOUR_MS, called, code_of, final_result, get, hold_back, send, states, unavailable, under_way,
    webhook,
};

tests!(
    "customer",
    [
        a_second_click_leads_into_the_open_session_even_of_a_link_that_is_used_up,
        clicks_at_once_start_one_session,
        two_links_for_one_customer_share_his_session,
        a_final_result_makes_room_for_a_new_session,
        a_result_that_is_not_final_makes_no_room,
        after_the_token_ran_out_a_click_starts_a_new_session,
        a_click_that_waits_for_a_mint_that_fails_is_told_so_within_the_budget,
        a_failed_mint_leaves_the_customer_free,
        a_mint_that_the_sweep_could_overtake_is_not_begun,
        a_confirm_page_leads_into_the_open_session,
        a_link_whose_last_use_is_being_minted_is_not_over_for_its_customer,
        a_link_that_was_switched_off_says_why_to_its_customer_too,
        without_a_fixed_customer_each_click_has_a_client_id_of_its_own,
    ]
);

async fn invite(gateway: &Gateway, more: &Value) -> Value {
    let mut wanted = json!({"usage": {"type": "single"}, "token": {"clientId": "customer-7"}});
    for (name, value) in more.as_object().expect("an object") {
        wanted[name] = value.clone();
    }
    gateway.link(wanted).await
}

async fn a_second_click_leads_into_the_open_session_even_of_a_link_that_is_used_up(
    context: Context,
) {
    let gateway = Gateway::start(&context).await;
    let link = invite(&gateway, &json!({"expires_at": "2027-01-15T12:30:00Z"})).await;
    let first = gateway.click(&link).await;
    assert_eq!(first.status(), 302);
    assert_eq!(gateway.idenfy.calls()[0].body["clientId"], "customer-7");
    assert_eq!(gateway.sessions(&link).await[0]["client_id"], "customer-7");
    for _ in 0..2 {
        let again = gateway.click(&link).await;
        assert_eq!(
            (again.status().as_u16(), location(&again)),
            (302, location(&first))
        );
        gateway.clock.advance(HOUR_MS / 2);
    }
    assert_eq!(
        (gateway.used(&link).await, gateway.idenfy.calls().len()),
        (1, 1)
    );
    assert!(!context.log.text().contains("customer-7"));
}

async fn clicks_at_once_start_one_session(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = invite(&gateway, &json!({"usage": {"type": "multi", "limit": 9}})).await;
    let gate = hold_back(&gateway);
    let clicks = join_all((0..4).map(|_| gateway.click(&link)));
    let (answers, ()) = tokio::join!(clicks, async {
        called(&gateway, 1).await;
        gate.add_permits(4);
    });
    for answer in &answers {
        assert_eq!(
            (answer.status().as_u16(), location(answer)),
            (302, location(&answers[0]))
        );
    }
    assert_eq!(
        (gateway.used(&link).await, gateway.idenfy.calls().len()),
        (1, 1)
    );
    assert_eq!(gateway.sessions(&link).await.len(), 1);
}

async fn two_links_for_one_customer_share_his_session(context: Context) {
    let gateway = Gateway::start(&context).await;
    let (one, two) = (
        invite(&gateway, &json!({})).await,
        invite(&gateway, &json!({})).await,
    );
    let other = invite(&gateway, &json!({"token": {"clientId": "customer-8"}})).await;
    let first = gateway.click(&one).await;
    let second = gateway.click(&two).await;
    assert_eq!(
        (second.status().as_u16(), location(&second)),
        (302, location(&first))
    );
    assert_ne!(location(&gateway.click(&other).await), location(&first));
    let used = [
        gateway.used(&one).await,
        gateway.used(&two).await,
        gateway.used(&other).await,
    ];
    assert_eq!((used, gateway.idenfy.calls().len()), ([1, 0, 1], 2));
}

async fn a_final_result_makes_room_for_a_new_session(context: Context) {
    let gateway = Gateway::start(&context).await;
    for (used, overall) in (1..).zip(["DENIED", "APPROVED", "SUSPECTED", "EXPIRED"]) {
        let client = format!("customer-{overall}");
        let wanted = json!({"usage": {"type": "multi", "limit": 2}, "token": {"clientId": client}});
        let link = invite(&gateway, &wanted).await;
        let first = gateway.click(&link).await;
        final_result(&gateway, &gateway.sessions(&link).await[0], overall).await;
        let second = gateway.click(&link).await;
        assert_eq!(second.status(), 302, "{overall}");
        assert_ne!(location(&second), location(&first), "{overall}");
        assert_eq!(
            (gateway.used(&link).await, gateway.idenfy.minted()),
            (2, used * 2)
        );
        final_result(&gateway, &gateway.sessions(&link).await[0], overall).await;
        assert_eq!(
            code_of(&gateway, &link).await,
            (410, "link_exhausted".into())
        );
    }
}

async fn a_result_that_is_not_final_makes_no_room(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = invite(&gateway, &json!({})).await;
    let first = gateway.click(&link).await;
    let body = json!({
        "final": false, "scanRef": "scan-0", "clientId": "customer-7", "status": {"overall": "APPROVED"},
    });
    webhook(&gateway, "IDENTIFICATION_AUTO_FINISHED", &body).await;
    assert_eq!(states(&gateway, &link).await, ["reviewing"]);
    assert_eq!(location(&gateway.click(&link).await), location(&first));
    assert_eq!(gateway.idenfy.calls().len(), 1);
}

async fn after_the_token_ran_out_a_click_starts_a_new_session(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = invite(&gateway, &json!({"usage": {"type": "multi", "limit": 2}})).await;
    let first = gateway.click(&link).await;
    gateway.clock.advance(HOUR_MS - 1);
    assert_eq!(location(&gateway.click(&link).await), location(&first));
    gateway.clock.advance(1);
    let second = gateway.click(&link).await;
    assert_ne!(location(&second), location(&first));
    assert_eq!(gateway.used(&link).await, 2);
}

async fn a_click_that_waits_for_a_mint_that_fails_is_told_so_within_the_budget(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let link = invite(&gateway, &json!({})).await;
    let gate = hold_back(&gateway);
    let clicks = join_all((0..4).map(|_| gateway.click(&link)));
    let (answers, ()) = tokio::join!(clicks, async {
        called(&gateway, 1).await;
        let all_under_way = async || under_way(&gateway) == 4;
        eventually(BOUND, "four clicks under way", all_under_way).await;
        // With the gate gone the call breaks off.
        gate.close();
    });
    for answer in answers {
        unavailable(answer).await;
    }
    // Who waits shares the outcome: a mint of his own would take the budget once more. (A click that has not come so
    // far yet makes a call of its own, but never do all of them.)
    assert!(gateway.idenfy.calls().len() < 4);
    assert_eq!(gateway.used(&link).await, 0);
    gateway.idenfy.answer(Answer::Token);
    assert_eq!(gateway.click(&link).await.status(), 302);
}

async fn a_mint_that_the_sweep_could_overtake_is_not_begun(context: Context) {
    context.expect_log("it took too long until iDenfy could be asked");
    let gateway = Gateway::start(&context).await;
    let wanted = json!({"usage": {"type": "multi", "limit": 2}});
    let link = invite(&gateway, &wanted).await;
    assert_eq!(gateway.click(&link).await.status(), 302);
    gateway.clock.advance(HOUR_MS);
    // The lease leaves ten seconds for all that comes before the call.
    gateway.idenfy.takes_for_lookups(&gateway.clock, 10_001);
    unavailable(gateway.click(&link).await).await;
    assert_eq!(states(&gateway, &link).await, ["failed", "expired"]);
    assert_eq!(
        (gateway.used(&link).await, gateway.idenfy.calls().len()),
        (1, 1)
    );
    assert_eq!(gateway.click(&link).await.status(), 302);
}

async fn a_failed_mint_leaves_the_customer_free(context: Context) {
    context.expect_log("iDenfy started no session");
    let gateway = Gateway::start(&context).await;
    let link = invite(&gateway, &json!({})).await;
    gateway.idenfy.answer(Answer::Raw(409, "", "{}".into()));
    unavailable(gateway.click(&link).await).await;
    assert_eq!(gateway.used(&link).await, 0);
    gateway.idenfy.answer(Answer::Token);
    assert_eq!(gateway.click(&link).await.status(), 302);
    assert_eq!(states(&gateway, &link).await, ["active", "failed"]);
}

async fn a_confirm_page_leads_into_the_open_session(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = invite(&gateway, &json!({"confirm": true})).await;
    let (one, two) = (gateway.page(&link).await, gateway.page(&link).await);
    let first = gateway.submit(&link, &one).await;
    assert_eq!(first.status(), 303);
    let second = gateway.submit(&link, &two).await;
    assert_eq!(
        (second.status().as_u16(), location(&second)),
        (303, location(&first))
    );
    // Used up, but not for the customer whose session is open.
    let three = gateway.page(&link).await;
    assert_eq!(
        location(&gateway.submit(&link, &three).await),
        location(&first)
    );
    assert_eq!(
        (gateway.used(&link).await, gateway.idenfy.calls().len()),
        (1, 1)
    );
    final_result(&gateway, &gateway.sessions(&link).await[0], "APPROVED").await;
    assert_eq!(
        code_of(&gateway, &link).await,
        (410, "link_exhausted".into())
    );
}

async fn a_link_whose_last_use_is_being_minted_is_not_over_for_its_customer(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = invite(&gateway, &json!({"confirm": true})).await;
    let (one, two) = (gateway.page(&link).await, gateway.page(&link).await);
    let gate = hold_back(&gateway);
    let (first, second) = tokio::join!(gateway.submit(&link, &one), async {
        called(&gateway, 1).await;
        gateway.page(&link).await;
        for method in [Method::HEAD, Method::POST] {
            let look = send(&gateway, method.clone(), &path_of(&link), &[]).await;
            assert_eq!(look.status(), 200, "{method}");
        }
        let preview = [("User-Agent", "WhatsApp/2.23.20.0")];
        assert_eq!(get(&gateway, &path_of(&link), &preview).await.status(), 200);
        let (second, ()) = tokio::join!(gateway.submit(&link, &two), async {
            let both_under_way = async || under_way(&gateway) == 2;
            eventually(BOUND, "two forms under way", both_under_way).await;
            gate.add_permits(2);
        });
        second
    });
    assert_eq!(
        (second.status().as_u16(), location(&second)),
        (303, location(&first))
    );
    assert_eq!(
        (gateway.used(&link).await, gateway.idenfy.calls().len()),
        (1, 1)
    );
}

async fn a_link_that_was_switched_off_says_why_to_its_customer_too(context: Context) {
    let gateway = Gateway::start(&context).await;
    for more in [json!({}), json!({"resume": true, "token": {}})] {
        let link = invite(&gateway, &more).await;
        let path = format!("/links/{}", text(&link["id"]));
        let message = json!({"inactive_message": "Ask at the desk."});
        assert_eq!(
            gateway.api(Method::PATCH, &path, Some(message)).await.0,
            200
        );
        let off = gateway.post(&format!("{path}/deactivate"), json!({})).await;
        assert_eq!(off.0, 200);
        let answer = gateway.click(&link).await;
        assert_eq!(answer.status(), 410);
        assert!(answer.text().await.unwrap().contains("Ask at the desk."));
    }
}

async fn without_a_fixed_customer_each_click_has_a_client_id_of_its_own(context: Context) {
    let gateway = Gateway::start(&context).await;
    let link = gateway.link(json!({})).await;
    for _ in 0..3 {
        assert_eq!(gateway.click(&link).await.status(), 302);
    }
    let calls = gateway.idenfy.calls();
    let mut sent: Vec<&str> = calls
        .iter()
        .map(|call| text(&call.body["clientId"]))
        .collect();
    assert!(
        sent.iter()
            .all(|id| id.is_ascii() && (16..=100).contains(&id.len())),
        "{sent:?}"
    );
    let sessions = gateway.sessions(&link).await;
    let mut kept: Vec<&str> = sessions.iter().map(|s| text(&s["client_id"])).collect();
    kept.reverse();
    assert_eq!(sent, kept);
    sent.sort_unstable();
    sent.dedup();
    assert_eq!(sent.len(), 3);
}
