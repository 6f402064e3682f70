//! What is kept beside the ledger: links, sessions, keys, answers, iDenfy's events.

use entrypass::clock::Clock;
use entrypass::domain::channel::{ExternalRef, Via};
use entrypass::domain::flow::Flow;
use entrypass::domain::id::{EventId, KeyId};
use entrypass::domain::link::{Link, LinkStatus};
use entrypass::domain::locale::Locale;
use entrypass::domain::scope::Scope;
use entrypass::domain::secret::Secret;
use entrypass::domain::session::{Checks, Status};
use entrypass::domain::slug::Slug;
use entrypass::domain::timestamp::DAY_MS;
use entrypass::domain::token_options::TokenOptions;
use entrypass::domain::usage::Usage;
use entrypass::domain::verdict::Verdict;
use entrypass::idenfy::health::Health;
use entrypass::metrics::Metrics;
use entrypass::store::Store;
use entrypass::store::idempotency::Begun;
use entrypass::store::inbound::{Applied, Inbound};
use entrypass::store::keys::ApiKey;
use entrypass::store::ledger::{Client, Hold, Reserved};
use entrypass::store::links::{Activated, LinkFilter, LinkSort};
use entrypass::store::sessions::SessionFilter;
use entrypass::sweep::Sweep;
use serde_json::json;

use crate::harness::{BOUND, Context, Engine, eventually, tests};
use crate::store_kit::{Kit, LEASE_MS, TOKEN_MS, back};

tests!(
    "store_records",
    [
        a_store_opens_twice_and_answers,
        a_link_is_read_as_it_was_kept,
        links_are_kept_all_or_none,
        links_are_listed_by_every_filter_newest_first,
        a_link_is_renamed_switched_and_deleted,
        sessions_are_listed_by_every_filter_newest_first,
        an_erased_session_keeps_only_what_names_nobody,
        addresses_are_forgotten_when_their_token_ends,
        a_key_opens_until_it_ends_or_is_revoked,
        a_request_is_answered_once_under_its_idempotency_key,
        the_signing_secret_is_made_once,
        a_database_is_the_sandboxs_or_not_for_good,
        nodes_that_share_a_database_go_by_its_clock,
        all_addresses_whose_token_has_ended_are_forgotten_at_once,
        an_event_is_applied_once_and_a_final_result_stays,
        an_event_finds_its_session_by_scan_or_by_customer,
        an_event_that_comes_before_the_answer_wins_over_the_sweep,
        a_copy_of_the_running_database_holds_everything,
    ]
);

async fn a_store_opens_twice_and_answers(context: Context) {
    let kit = Kit::open(&context).await;
    kit.store.ping().await.unwrap();
    assert_eq!(kit.store.engine_name(), context.engine.name());
    let ended = std::pin::pin!(kit.store.writer_ended());
    assert!(futures_util::poll!(ended).is_pending());
    let link = kit.keep_new(Usage::Single).await;
    // The second one finds the schema as it must be, and what the first one kept.
    let again = Store::open(&kit.database.url).await.unwrap();
    assert!(again.link(link.terms.id).await.unwrap().is_some());
    again.close().await;
    let again = Store::open_existing(&kit.database.url).await.unwrap();
    again.check_schema().await.unwrap();
    again.close().await;
    kit.store.ping().await.unwrap();
    for bad in [
        "mysql://localhost/x",
        "sqlite:///proc/no/such.db",
        "postgres://127.0.0.1:1/x",
    ] {
        assert!(Store::open(bad).await.is_err(), "{bad}");
    }
}

async fn a_link_is_read_as_it_was_kept(context: Context) {
    let kit = Kit::open(&context).await;
    for usage in [
        Usage::Single,
        Usage::Multi(Usage::MAX_LIMIT),
        Usage::Unlimited,
    ] {
        for flow in Flow::ALL {
            let mut link = kit.new_link(usage);
            link.name = "Ünï 'quoted' \"name\" \u{1f600}".into();
            link.inactive_message = Some("Two\nlines".into());
            link.terms.expires_at = Some(kit.now().plus_millis(123));
            link.terms.language = Some(Locale::parse("zh_tw").unwrap());
            link.terms.flow = flow;
            (link.terms.confirm, link.terms.resume) = (true, true);
            link.terms.accept_ref = true;
            let options = json!({"clientId": "c-1", "country": ["DE", "AT"], "checkAml": true});
            link.terms.token = TokenOptions::from_stored(options.as_object().unwrap().clone());
            let link = kit.keep(link).await;
            let by_id = kit.store.link(link.terms.id).await.unwrap();
            assert_eq!(by_id.as_ref(), Some(&link));
            let by_slug = kit.store.link_by_slug(&link.terms.slug).await.unwrap();
            assert_eq!(by_slug, Some(link));
        }
    }
    let unknown = kit.new_link(Usage::Single);
    assert_eq!(kit.store.link(unknown.terms.id).await.unwrap(), None);
    let by_slug = kit.store.link_by_slug(&unknown.terms.slug).await.unwrap();
    assert_eq!(by_slug, None);
}

async fn links_are_kept_all_or_none(context: Context) {
    let kit = Kit::open(&context).await;
    let taken = kit.keep_new(Usage::Single).await;
    let mut links: Vec<Link> = (0..4).map(|_| kit.new_link(Usage::Single)).collect();
    links[2].terms.slug = taken.terms.slug.clone();
    links[3].terms.slug = links[0].terms.slug.clone();
    assert_eq!(kit.store.insert_links(&links).await.unwrap(), Err(2));
    links[2].terms.slug = Slug::generate();
    assert_eq!(kit.store.insert_links(&links).await.unwrap(), Err(3));
    assert_eq!(
        kit.database.numbers("SELECT COUNT(*) FROM links").await,
        [1]
    );
    links[3].terms.slug = Slug::generate();
    assert_eq!(kit.store.insert_links(&links).await.unwrap(), Ok(()));
    assert_eq!(kit.store.insert_links(&[]).await.unwrap(), Ok(()));
    assert_eq!(
        kit.database.numbers("SELECT COUNT(*) FROM links").await,
        [5]
    );
}

async fn links_are_listed_by_every_filter_newest_first(context: Context) {
    let kit = Kit::open(&context).await;
    let mut links = Vec::new();
    for (name, slug) in [
        ("Berlin 100%", "aaa-1"),
        ("München", "berlin-2"),
        ("a_b", "ccc-3"),
        ("axb ΟΔΟΣ", "ddd-4"),
    ] {
        let mut link = kit.new_link(Usage::Single);
        link.name = name.into();
        link.terms.slug = Slug::parse(slug).unwrap();
        links.push(kit.keep(link).await);
    }
    kit.store
        .deactivate_link(links[1].terms.id, kit.now())
        .await
        .unwrap();
    kit.spend(&links[2]).await;
    let mut expired = kit.new_link(Usage::Single);
    expired.terms.expires_at = Some(kit.now());
    expired.terms.slug = Slug::parse("eee-5").unwrap();
    links.push(kit.keep(expired).await);
    let deleted = kit.keep_new(Usage::Single).await;
    kit.store
        .delete_link(deleted.terms.id, kit.now())
        .await
        .unwrap();

    let listed = async |change: &dyn Fn(&mut LinkFilter)| {
        let mut filter = LinkFilter {
            limit: 10,
            ..LinkFilter::default()
        };
        change(&mut filter);
        let found = kit.store.links(&filter, kit.now()).await.unwrap();
        let slugs: Vec<_> = found
            .iter()
            .map(|l| l.terms.slug.as_str().to_owned())
            .collect();
        slugs.join(" ")
    };
    let all = "eee-5 ddd-4 ccc-3 berlin-2 aaa-1";
    assert_eq!(listed(&|_| {}).await, all);
    assert_eq!(listed(&|f| f.limit = 2).await, "eee-5 ddd-4");
    let before = links[2].terms.id;
    assert_eq!(listed(&|f| f.before = Some(before)).await, "berlin-2 aaa-1");
    let by_name = "eee-5 ccc-3 ddd-4 aaa-1 berlin-2";
    assert_eq!(listed(&|f| f.sort = LinkSort::Name).await, by_name);
    let after = |f: &mut LinkFilter| (f.sort, f.before) = (LinkSort::Name, Some(before));
    assert_eq!(listed(&after).await, "ddd-4 aaa-1 berlin-2");
    for (status, found) in
        LinkStatus::ALL
            .into_iter()
            .zip(["ddd-4 aaa-1", "berlin-2", "eee-5", "ccc-3"])
    {
        assert_eq!(listed(&|f| f.status = Some(status)).await, found);
    }
    for (text, found) in [
        ("berlin", "berlin-2 aaa-1"),
        ("BERLIN", "berlin-2 aaa-1"),
        ("100%", "aaa-1"),
        ("a_b", "ccc-3"),
        ("!", ""),
        ("ncHe", "berlin-2"),
        ("MÜNCHEN", "berlin-2"),
        ("münchen", "berlin-2"),
        ("οδοσ", "ddd-4"),
        ("ΟΔΌΣ", ""),
    ] {
        assert_eq!(
            listed(&|f| f.text = Some(text.into())).await,
            found,
            "{text}"
        );
    }
    assert_eq!(listed(&|f| f.slug = Some("CCC-3".into())).await, "ccc-3");
    assert_eq!(listed(&|f| f.slug = Some("ccc".into())).await, "");
}

async fn a_link_is_renamed_switched_and_deleted(context: Context) {
    let kit = Kit::open(&context).await;
    let store = &kit.store;
    let mut link = kit.new_link(Usage::Multi(2));
    let options = json!({"clientId": "jane", "firstName": "Jane"});
    link.terms.token = TokenOptions::from_stored(options.as_object().unwrap().clone());
    let link = kit.keep(link).await;
    let id = link.terms.id;
    let read = async || store.link(id).await.unwrap().unwrap();

    assert!(store.update_link(id, Some("ÄB"), None).await.unwrap());
    for (text, found) in [("äb", 1), ("A link", 0)] {
        let filter = LinkFilter {
            text: Some(text.into()),
            limit: 10,
            ..LinkFilter::default()
        };
        let links = store.links(&filter, kit.now()).await.unwrap();
        assert_eq!(links.len(), found, "{text}");
    }
    assert!(
        store
            .update_link(id, None, Some(Some("Over")))
            .await
            .unwrap()
    );
    let told = read().await;
    assert_eq!(
        (&*told.name, told.inactive_message.as_deref()),
        ("ÄB", Some("Over"))
    );
    assert!(store.update_link(id, None, Some(None)).await.unwrap());
    let told = read().await;
    assert_eq!((&*told.name, told.inactive_message), ("ÄB", None));

    let first = kit.now();
    assert!(store.deactivate_link(id, first).await.unwrap());
    kit.clock.advance(1000);
    assert!(store.deactivate_link(id, kit.now()).await.unwrap());
    assert_eq!(read().await.deactivated_at, Some(first));
    assert_eq!(
        store.activate_link(id, kit.now()).await.unwrap(),
        Activated::Done
    );
    assert_eq!(read().await.deactivated_at, None);

    kit.spend(&link).await;
    kit.spend(&link).await;
    assert_eq!(
        store.activate_link(id, kit.now()).await.unwrap(),
        Activated::Over
    );
    let mut expired = kit.new_link(Usage::Unlimited);
    expired.terms.expires_at = Some(kit.now());
    let expired = kit.keep(expired).await.terms.id;
    let over = store.activate_link(expired, kit.now()).await.unwrap();
    assert_eq!(over, Activated::Over);

    assert!(store.delete_link(id, kit.now()).await.unwrap());
    assert!(!store.delete_link(id, kit.now()).await.unwrap());
    assert!(!store.update_link(id, Some("C"), None).await.unwrap());
    assert!(!store.deactivate_link(id, kit.now()).await.unwrap());
    let gone = store.activate_link(id, kit.now()).await.unwrap();
    assert_eq!(gone, Activated::NotFound);
    assert_eq!(store.link(id).await.unwrap(), None);
    let grave = store.link_by_slug(&link.terms.slug).await.unwrap().unwrap();
    assert_eq!(grave.deleted_at, Some(kit.now()));
    assert!(grave.terms.token.as_map().is_empty());
    // Its slug is never given out again.
    let mut heir = kit.new_link(Usage::Single);
    heir.terms.slug = link.terms.slug;
    assert_eq!(store.insert_links(&[heir]).await.unwrap(), Err(0));
}

async fn sessions_are_listed_by_every_filter_newest_first(context: Context) {
    let kit = Kit::open(&context).await;
    let (one, two) = (
        kit.keep_new(Usage::Unlimited).await,
        kit.keep_new(Usage::Unlimited).await,
    );
    let mut ids = Vec::new();
    for n in 0..4 {
        let link = [Some(&one), Some(&two), None][n % 3];
        let mut session = kit.session_of(link);
        session.client = Client::Fixed(format!("customer-{}", n % 2));
        session.via = Via::parse("qr");
        session.external_ref = ExternalRef::parse("Order 1");
        assert_eq!(kit.try_reserve(&session, &[]).await, Reserved::Granted);
        ids.push(session);
    }
    kit.store.refund(back(&ids[3], &[])).await.unwrap();
    let listed = async |change: &dyn Fn(&mut SessionFilter)| {
        let mut filter = SessionFilter {
            limit: 10,
            ..SessionFilter::default()
        };
        change(&mut filter);
        let found = kit.store.sessions(&filter).await.unwrap();
        assert!(found.iter().all(|s| s.via == Via::parse("qr")));
        assert!(
            found
                .iter()
                .all(|s| s.external_ref == ExternalRef::parse("Order 1"))
        );
        let place = |s| ids.iter().position(|session| session.id == s);
        let places: Vec<_> = found.iter().map(|s| place(s.id).unwrap()).collect();
        places
    };
    assert_eq!(listed(&|_| {}).await, [3, 2, 1, 0]);
    assert_eq!(listed(&|f| f.limit = 1).await, [3]);
    assert_eq!(listed(&|f| f.before = Some(ids[2].id)).await, [1, 0]);
    assert_eq!(listed(&|f| f.link_id = Some(one.terms.id)).await, [3, 0]);
    assert_eq!(
        listed(&|f| f.client_id = Some("customer-1".into())).await,
        [3, 1]
    );
    assert_eq!(listed(&|f| f.status = Some("failed".into())).await, [3]);
    let none = listed(&|f| f.status = Some("nobody".into())).await;
    assert!(none.is_empty());
    let both = listed(&|f| {
        f.link_id = Some(one.terms.id);
        f.client_id = Some("customer-0".into());
    })
    .await;
    assert_eq!(both, [0]);
    let narrow = listed(&|f| {
        f.client_id = Some("customer-1".into());
        f.status = Some("starting".into());
        f.before = Some(ids[3].id);
    })
    .await;
    assert_eq!(narrow, [1]);
}

async fn an_erased_session_keeps_only_what_names_nobody(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await;
    let mut session = kit.session_of(Some(&link));
    session.external_ref = ExternalRef::parse("Order 1");
    assert_eq!(kit.try_reserve(&session, &[]).await, Reserved::Granted);
    kit.store
        .record(kit.answer_for(&session, &[]))
        .await
        .unwrap();
    let at = kit.now();
    assert!(kit.store.erase_session(session.id, at).await.unwrap());
    kit.clock.advance(1000);
    assert!(
        kit.store
            .erase_session(session.id, kit.now())
            .await
            .unwrap()
    );
    let kept = kit.read(session.id).await;
    assert_eq!(kept.erased_at, Some(at));
    assert_eq!(
        (
            kept.client_id,
            kept.scan_ref,
            kept.external_ref,
            kept.redirect_url
        ),
        (None, None, None, None)
    );
    assert_eq!(
        (kept.status, kept.link_id),
        (Status::Active, Some(link.terms.id))
    );
    assert_eq!(kit.used(&link).await, 1);
    let unknown = kit.session_of(None).id;
    assert!(!kit.store.erase_session(unknown, at).await.unwrap());
    assert_eq!(kit.store.session(unknown).await.unwrap(), None);
}

async fn addresses_are_forgotten_when_their_token_ends(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await;
    let session = kit.spend(&link).await;
    kit.store
        .record(kit.answer_for(&session, &[]))
        .await
        .unwrap();
    kit.clock.advance(TOKEN_MS - 1);
    kit.store.forget_ended(kit.now()).await.unwrap();
    assert!(kit.read(session.id).await.redirect_url.is_some());
    kit.clock.advance(1);
    kit.store.forget_ended(kit.now()).await.unwrap();
    let kept = kit.read(session.id).await;
    assert_eq!((kept.redirect_url, kept.status), (None, Status::Active));
}

async fn a_key_opens_until_it_ends_or_is_revoked(context: Context) {
    let kit = Kit::open(&context).await;
    let make = async |ends| {
        let id = KeyId::new(kit.clock.uuid());
        let scopes = vec![Scope::Read, Scope::Links];
        let (key, text) = ApiKey::generate(id, "Backend".into(), scopes, kit.now(), ends);
        kit.store.insert_key(&key, &text).await.unwrap();
        (key, text)
    };
    let opens = async |text: &Secret| kit.store.use_key(text, kit.now()).await.unwrap();
    let (lasting, lasting_text) = make(None).await;
    let (ending, ending_text) = make(Some(kit.now().plus_millis(70_000))).await;

    let told = opens(&lasting_text).await.unwrap();
    assert_eq!(told, lasting);
    assert!(told.may(Scope::Links) && !told.may(Scope::Sessions) && !told.may(Scope::Admin));
    assert_eq!(opens(&Secret::new("epk_somebody-elses")).await, None);
    let last_used = async || {
        kit.store
            .key(lasting.id)
            .await
            .unwrap()
            .unwrap()
            .last_used_at
    };
    let first = kit.now();
    assert_eq!(last_used().await, Some(first));
    // Known to the minute.
    kit.clock.advance(59_999);
    opens(&lasting_text).await.unwrap();
    assert_eq!(last_used().await, Some(first));
    kit.clock.advance(1);
    opens(&lasting_text).await.unwrap();
    assert_eq!(last_used().await, Some(kit.now()));

    let names = async |before, limit| -> Vec<KeyId> {
        let keys = kit.store.keys(before, limit).await.unwrap();
        keys.iter().map(|key| key.id).collect()
    };
    assert_eq!(names(None, 10).await, [ending.id, lasting.id]);
    assert_eq!(names(None, 1).await, [ending.id]);
    assert_eq!(names(Some(ending.id), 10).await, [lasting.id]);

    assert!(opens(&ending_text).await.is_some());
    kit.clock.advance(10_000);
    assert_eq!(opens(&ending_text).await, None);
    assert!(kit.store.revoke_key(lasting.id, kit.now()).await.unwrap());
    assert!(!kit.store.revoke_key(lasting.id, kit.now()).await.unwrap());
    assert_eq!(opens(&lasting_text).await, None);
    assert_eq!(kit.store.key(lasting.id).await.unwrap(), None);
    assert_eq!(names(None, 10).await, [ending.id]);

    // Kept once more under its id, it opens by its new text alone.
    let (again, again_text) = ApiKey::generate(
        ending.id,
        "Backend".into(),
        vec![Scope::Read, Scope::Links],
        kit.now(),
        None,
    );
    kit.store.insert_key(&again, &again_text).await.unwrap();
    assert_eq!(opens(&again_text).await.unwrap().id, ending.id);
    assert_eq!(
        kit.store.key(ending.id).await.unwrap().unwrap().expires_at,
        None
    );
    assert_eq!(names(None, 10).await, [ending.id]);
}

async fn a_request_is_answered_once_under_its_idempotency_key(context: Context) {
    let kit = Kit::open(&context).await;
    let (ours, other) = (KeyId::new(kit.clock.uuid()), KeyId::new(kit.clock.uuid()));
    let begin = async |by, print, id| {
        let begun = kit.store.begin_idempotent(by, "k", print, id, kit.now());
        begun.await.unwrap()
    };
    let first = |id: &str| Begun::First(id.to_owned());
    assert_eq!(begin(ours, "body", "id-1").await, first("id-1"));
    assert_eq!(begin(ours, "body", "id-2").await, Begun::InProgress);
    assert_eq!(begin(ours, "else", "id-2").await, Begun::Mismatch);
    // Of another API key the same key is another one.
    assert_eq!(begin(other, "else", "id-3").await, first("id-3"));
    // It failed, as far as is known: a like request goes on with the same id at once, another one may not.
    let end = async |answer| {
        let end = kit.store.end_idempotent(ours, "k", answer, None, kit.now());
        end.await.unwrap();
    };
    end(None).await;
    assert_eq!(begin(ours, "else", "id-4").await, Begun::Mismatch);
    assert_eq!(begin(ours, "body", "id-4").await, first("id-1"));
    assert_eq!(begin(ours, "body", "id-4").await, Begun::InProgress);
    // It was refused: the key is free for whatever comes.
    for (print, id) in [("else", "id-4"), ("body", "id-1")] {
        kit.store.free_idempotent(ours, "k").await.unwrap();
        assert_eq!(begin(ours, print, id).await, first(id));
    }
    // Its process died: the same.
    kit.clock.advance(120_000);
    assert_eq!(begin(ours, "else", "id-5").await, Begun::Mismatch);
    assert_eq!(begin(ours, "body", "id-5").await, first("id-1"));
    end(Some("sealed")).await;
    let answered = Begun::Answered("sealed".into());
    assert_eq!(begin(ours, "body", "id-6").await, answered);
    assert_eq!(begin(ours, "else", "id-6").await, Begun::Mismatch);
    kit.clock.advance(DAY_MS - 1);
    kit.store.forget_answers(kit.now()).await.unwrap();
    assert_eq!(begin(ours, "body", "id-6").await, answered);
    kit.clock.advance(1);
    assert_eq!(begin(ours, "else", "id-7").await, first("id-7"));
    kit.clock.advance(DAY_MS);
    kit.store.forget_answers(kit.now()).await.unwrap();
    let left = kit.database.numbers("SELECT COUNT(*) FROM idempotency");
    assert_eq!(left.await, [0]);
}

async fn the_signing_secret_is_made_once(context: Context) {
    let kit = Kit::open(&context).await;
    let one = kit.store.signing_secret(&Secret::new("one")).await.unwrap();
    let two = kit.store.signing_secret(&Secret::new("two")).await.unwrap();
    assert_eq!((one.expose(), two.expose()), ("one", "one"));
}

async fn nodes_that_share_a_database_go_by_its_clock(context: Context) {
    context.expect_log("the clock was off the database's");
    let kit = Kit::open(&context).await;
    let is_shared = context.engine == Engine::Postgres;
    assert_eq!(kit.store.time().await.unwrap().is_some(), is_shared);
    for off in [-60_000, 60_000] {
        let (clock, right) = (Clock::system(), Clock::system());
        assert!(clock.follow(right.now().plus_millis(off)).is_some());
        let sweep = Sweep {
            store: kit.store.clone(),
            health: Health::new(clock.clone(), Metrics::new()),
            clock: clock.clone(),
        };
        // A time that was long in coming is not gone by, so it is asked for again.
        let set = async || {
            sweep.step().await.unwrap();
            (clock.now().millis() - right.now().millis()).abs() < 10_000
        };
        if is_shared {
            eventually(BOUND, "the database's time is taken", set).await;
        } else {
            assert!(!set().await);
        }
    }
}

async fn all_addresses_whose_token_has_ended_are_forgotten_at_once(context: Context) {
    let kit = Kit::open(&context).await;
    let insert = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
        INSERT INTO sessions (id, flow, language, status, created_at, redirect_url, token_expires_at)
        SELECT 'id-' || i, 'document', 'en', 'active', 1, 'https://example.com', 2 FROM n";
    assert_eq!(kit.database.execute(insert).await.unwrap(), 2500);
    kit.store.forget_ended(kit.now()).await.unwrap();
    let left = "SELECT COUNT(*) FROM sessions WHERE redirect_url IS NOT NULL";
    assert_eq!(kit.database.numbers(left).await, [0]);
}

async fn a_database_is_the_sandboxs_or_not_for_good(context: Context) {
    for sandbox in [true, false] {
        let kit = Kit::open(&context).await;
        for asks in [sandbox, !sandbox, sandbox] {
            let claimed = kit.store.claim(asks).await.unwrap();
            assert_eq!(claimed, asks == sandbox, "{sandbox} {asks}");
        }
    }
}

/// An event of iDenfy's that says `status`.
fn event(kit: &Kit, scan_ref: &str, status: Status, is_final: bool) -> Inbound {
    Inbound {
        scan_ref: scan_ref.to_owned(),
        client_id: None,
        event_type: "VERIFICATION".into(),
        body_digest: kit.clock.uuid().to_string(),
        received_at: kit.now(),
        verdict: Some(Verdict {
            is_ending: matches!(status, Status::Cancelled | Status::Expired),
            status,
            is_final,
            fraud_tags: vec!["FAKE_PHOTO".into()],
            mismatch_tags: vec!["NAME".into()],
            checks: Checks {
                auto_face: Some("FACE_MATCH".into()),
                ..Checks::default()
            },
        }),
        body: None,
    }
}

async fn apply(kit: &Kit, event: &Inbound) -> Applied {
    kit.store
        .apply(EventId::new(kit.clock.uuid()), event)
        .await
        .unwrap()
}

async fn an_event_is_applied_once_and_a_final_result_stays(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await;
    let holds = [Hold::client("jane")];
    let mut session = kit.session_of(Some(&link));
    session.client = Client::Fixed("jane".into());
    assert_eq!(kit.try_reserve(&session, &holds).await, Reserved::Granted);
    let answer = kit.answer_for(&session, &holds);
    let scan = answer.scan_ref.clone().unwrap();
    kit.store.record(answer).await.unwrap();
    let (id, now) = (session.id, kit.now());
    let said = |status, is_final| event(&kit, &scan, status, is_final);

    let first = said(Status::Approved, false);
    assert_eq!(apply(&kit, &first).await, Applied::Changed(id));
    let kept = kit.read(id).await;
    assert_eq!(
        (kept.status, kept.provisional),
        (Status::Reviewing, Some(Status::Approved))
    );
    assert_eq!((kept.is_final, kept.finished_at), (false, None));
    // While it is open, its customer is not minted again.
    assert_eq!(kit.store.holder(&holds[0], now).await.unwrap(), Some(id));

    let denied = said(Status::Denied, true);
    assert_eq!(apply(&kit, &denied).await, Applied::Changed(id));
    assert_eq!(kit.store.holder(&holds[0], now).await.unwrap(), None);
    assert_eq!(apply(&kit, &first).await, Applied::Repeat);
    for late in [
        said(Status::Approved, false),
        said(Status::Expired, true),
        said(Status::Cancelled, true),
    ] {
        assert_eq!(apply(&kit, &late).await, Applied::Unchanged(id));
        let kept = kit.read(id).await;
        assert_eq!((kept.status, kept.is_final), (Status::Denied, true));
    }
    kit.clock.advance(1000);
    let approved = said(Status::Approved, true);
    assert_eq!(apply(&kit, &approved).await, Applied::Changed(id));
    assert_eq!(apply(&kit, &denied).await, Applied::Repeat);
    let kept = kit.read(id).await;
    assert_eq!((kept.status, kept.provisional), (Status::Approved, None));
    assert_eq!(kept.finished_at, Some(kit.now()));
    assert_eq!(
        (kept.fraud_tags, kept.mismatch_tags),
        (vec!["FAKE_PHOTO".into()], vec!["NAME".into()])
    );
    assert_eq!(kept.checks.auto_face.as_deref(), Some("FACE_MATCH"));
    assert_eq!(kit.used(&link).await, 1);
}

async fn an_event_finds_its_session_by_scan_or_by_customer(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await;
    let recorded = kit.spend(&link).await;
    kit.store
        .record(kit.answer_for(&recorded, &[]))
        .await
        .unwrap();
    let failed = kit.spend(&link).await;
    kit.store.refund(back(&failed, &[])).await.unwrap();
    let approved = |scan: &str, client: Option<&str>| Inbound {
        client_id: client.map(str::to_owned),
        ..event(&kit, scan, Status::Approved, true)
    };
    let (theirs, ours) = (recorded.client.id(), failed.client.id());
    assert_eq!(
        apply(&kit, &approved("nobodys", None)).await,
        Applied::NotOurs
    );
    assert_eq!(
        apply(&kit, &approved("nobodys", Some("nobody"))).await,
        Applied::NotOurs
    );
    // Another scan of the same customer is not the one that was started here.
    assert_eq!(
        apply(&kit, &approved("another", Some(theirs))).await,
        Applied::NotOurs
    );
    // The orphan of a mint whose answer was lost: only noted, its use was given back.
    let orphan = apply(&kit, &approved("orphan", Some(ours))).await;
    assert_eq!(orphan, Applied::Unchanged(failed.id));
    let kept = kit.read(failed.id).await;
    assert_eq!(
        (kept.status, kept.scan_ref.as_deref()),
        (Status::Failed, Some("orphan"))
    );
    assert_eq!(kit.used(&link).await, 1);
}

async fn an_event_that_comes_before_the_answer_wins_over_the_sweep(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Single).await;
    let session = kit.spend(&link).await;
    let early = Inbound {
        client_id: Some(session.client.id().to_owned()),
        ..event(&kit, "scan-1", Status::Approved, true)
    };
    assert_eq!(apply(&kit, &early).await, Applied::Changed(session.id));
    kit.clock.advance(LEASE_MS * 2);
    assert_eq!(kit.store.refund_abandoned(kit.now()).await.unwrap(), 0);
    assert!(!kit.store.refund(back(&session, &[])).await.unwrap());
    // The answer still tells where the visitor goes; the result stays.
    let mut answer = kit.answer_for(&session, &[]);
    answer.scan_ref = None;
    assert!(kit.store.record(answer).await.unwrap());
    let kept = kit.read(session.id).await;
    assert_eq!(
        (kept.status, kept.scan_ref.as_deref()),
        (Status::Approved, Some("scan-1"))
    );
    assert_eq!(kit.used(&link).await, 1);
}

async fn a_copy_of_the_running_database_holds_everything(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Multi(3)).await;
    let session = kit.spend(&link).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.db");
    let file = file.to_str().unwrap();
    let copied = kit.store.backup(file).await;
    if context.engine == Engine::Postgres {
        let refused = copied.unwrap_err().to_string();
        assert!(refused.contains("pg_dump"), "{refused}");
        return;
    }
    copied.unwrap();
    // What comes later is not in it, and it is not overwritten.
    kit.spend(&link).await;
    assert!(kit.store.backup(file).await.is_err());
    let copy = Store::open(&format!("sqlite://{file}")).await.unwrap();
    assert_eq!(copy.link(link.terms.id).await.unwrap().unwrap().used, 1);
    assert!(copy.session(session.id).await.unwrap().is_some());
    copy.close().await;
}
