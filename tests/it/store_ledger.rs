//! Spending uses and settling them, on the store itself.

use entrypass::domain::channel::Via;
use entrypass::domain::id::{LinkId, SessionId};
use entrypass::domain::session::Status;
use entrypass::domain::usage::Usage;
use entrypass::store::ledger::{Hold, Ignored, NewSession, Reserved};
use entrypass::store::sessions::SessionFilter;
use futures_util::future::{join, join_all};

use crate::harness::{BOUND, Context, eventually, tests};
use crate::store_kit::{Kit, LEASE_MS, TOKEN_MS, back};

tests!(
    "store_ledger",
    [
        a_reservation_spends_a_use_and_keeps_the_session_as_starting,
        a_link_that_is_over_grants_nothing_and_keeps_no_session,
        a_session_without_a_link_is_granted,
        one_batch_over_several_links_grants_each_its_limit,
        a_recorded_session_is_active_with_what_idenfy_answered,
        a_refund_gives_the_use_back_once,
        a_recorded_session_is_not_refunded,
        an_erased_or_failed_or_unknown_session_is_not_recorded,
        one_batch_of_everything_leaves_used_equal_to_the_sessions_that_were_not_given_back,
        a_hold_lets_one_session_stand_at_a_time,
        of_many_reservations_under_one_hold_one_is_granted,
        who_is_refused_or_held_up_leaves_no_hold_behind,
        a_sweep_gives_back_what_a_dead_process_spent_and_nothing_else,
        ignored_requests_are_counted_by_day_and_reason,
        the_database_itself_refuses_a_use_too_many_and_one_too_few,
        each_worker_thread_is_told_what_became_of_its_own_sessions,
        closing_writes_what_was_queued,
        sessions_that_moved_on_before_they_were_recorded_spoil_no_batch,
        a_commit_that_fails_is_told_to_all_and_undoes_nothing_else,
        who_comes_while_it_is_closed_spends_nothing_unheard,
        each_session_is_found_by_its_link_at_once_and_filed_there_without_a_search,
    ],
    Postgres: [
        only_a_use_that_no_limit_depends_on_is_not_waited_for,
        clicks_are_found_by_their_keys_though_there_were_few_at_first,
    ]
);

async fn a_reservation_spends_a_use_and_keeps_the_session_as_starting(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Multi(2)).await;
    kit.clock.advance(5);
    let session = kit.spend(&link).await;
    let (kept, link) = (kit.read(session.id).await, link.terms.id);
    assert_eq!(kept.status, Status::Starting);
    assert_eq!(kept.link_id, Some(link));
    assert_eq!(kept.client_id.as_deref(), Some(session.client.id()));
    assert_eq!(
        (kept.flow, kept.language, kept.created_at),
        (session.flow, session.language, kit.now())
    );
    assert_eq!((kept.scan_ref, kept.redirect_url), (None, None));
    let link = kit.store.link(link).await.unwrap().unwrap();
    assert_eq!((link.used, link.last_used_at), (1, Some(kit.now())));
}

async fn a_link_that_is_over_grants_nothing_and_keeps_no_session(context: Context) {
    let kit = Kit::open(&context).await;
    let used_up = kit.keep_new(Usage::Single).await;
    kit.spend(&used_up).await;
    let mut expired = kit.new_link(Usage::Unlimited);
    expired.terms.expires_at = Some(kit.now());
    let expired = kit.keep(expired).await;
    let off = kit.keep_new(Usage::Multi(5)).await;
    kit.store
        .deactivate_link(off.terms.id, kit.now())
        .await
        .unwrap();
    let deleted = kit.keep_new(Usage::Multi(5)).await;
    kit.store
        .delete_link(deleted.terms.id, kit.now())
        .await
        .unwrap();
    let unknown = kit.new_link(Usage::Multi(5));
    for link in [&used_up, &expired, &off, &deleted, &unknown] {
        let session = kit.session_of(Some(link));
        assert_eq!(kit.try_reserve(&session, &[]).await, Reserved::Refused);
        assert_eq!(kit.store.session(session.id).await.unwrap(), None);
    }
    let used = kit
        .database
        .numbers("SELECT used FROM links ORDER BY id")
        .await;
    assert_eq!(used, [1, 0, 0, 0]);
    // A millisecond before its end a link still opens.
    let mut ending = kit.new_link(Usage::Single);
    ending.terms.expires_at = Some(kit.now().plus_millis(1));
    let ending = kit.keep(ending).await;
    kit.spend(&ending).await;
}

async fn a_session_without_a_link_is_granted(context: Context) {
    let kit = Kit::open(&context).await;
    let session = kit.session_of(None);
    assert_eq!(kit.try_reserve(&session, &[]).await, Reserved::Granted);
    assert_eq!(kit.read(session.id).await.link_id, None);
    assert!(kit.store.refund(back(&session, &[])).await.unwrap());
    assert_eq!(kit.read(session.id).await.status, Status::Failed);
}

async fn one_batch_over_several_links_grants_each_its_limit(context: Context) {
    let kit = Kit::open(&context).await;
    let links = [
        kit.keep_new(Usage::Single).await,
        kit.keep_new(Usage::Multi(7)).await,
        kit.keep_new(Usage::Unlimited).await,
    ];
    let wanted: Vec<_> = (0..60)
        .map(|n| kit.session_of(Some(&links[n % 3])))
        .collect();
    let answers = join_all(wanted.iter().map(|s| kit.try_reserve(s, &[]))).await;
    for (link, expected) in links.iter().zip([1, 7, 20]) {
        let mut granted = 0;
        for (session, answer) in wanted.iter().zip(&answers) {
            if session.link_id != Some(link.terms.id) {
                continue;
            }
            let kept = kit.store.session(session.id).await.unwrap();
            assert_eq!(kept.is_some(), *answer == Reserved::Granted);
            granted += i64::from(*answer == Reserved::Granted);
        }
        assert_eq!(granted, expected);
        assert_eq!(kit.used(link).await, expected);
    }
}

async fn a_recorded_session_is_active_with_what_idenfy_answered(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Multi(2)).await;
    let session = kit.spend(&link).await;
    let answer = kit.answer_for(&session, &[]);
    assert!(kit.store.record(answer.clone()).await.unwrap());
    let kept = kit.read(session.id).await;
    assert_eq!(kept.status, Status::Active);
    assert_eq!(kept.scan_ref, answer.scan_ref);
    assert_eq!(kept.redirect_url, answer.redirect_url);
    assert_eq!(kept.token_expires_at, Some(answer.token_expires_at));
    assert_eq!(kit.used(&link).await, 1);
}

async fn a_refund_gives_the_use_back_once(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Multi(3)).await;
    let (one, two, three) = (
        kit.spend(&link).await,
        kit.spend(&link).await,
        kit.spend(&link).await,
    );
    // The same one several times at once, with another one of the same link.
    let all = [&one, &one, &two, &one].map(|session| kit.store.refund(back(session, &[])));
    for done in join_all(all).await {
        done.unwrap();
    }
    assert!(!kit.store.refund(back(&one, &[])).await.unwrap());
    assert_eq!(kit.used(&link).await, 1);
    assert_eq!(kit.read(one.id).await.status, Status::Failed);
    assert_eq!(kit.read(three.id).await.status, Status::Starting);
    // What was given back can be spent again.
    kit.spend(&link).await;
    kit.spend(&link).await;
    let over = kit.session_of(Some(&link));
    assert_eq!(kit.try_reserve(&over, &[]).await, Reserved::Refused);
}

async fn a_recorded_session_is_not_refunded(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Single).await;
    let session = kit.spend(&link).await;
    assert!(
        kit.store
            .record(kit.answer_for(&session, &[]))
            .await
            .unwrap()
    );
    assert!(!kit.store.refund(back(&session, &[])).await.unwrap());
    kit.clock.advance(LEASE_MS * 10);
    assert_eq!(kit.store.refund_abandoned(kit.now()).await.unwrap(), 0);
    assert_eq!(kit.used(&link).await, 1);
    assert_eq!(kit.read(session.id).await.status, Status::Active);
}

async fn an_erased_or_failed_or_unknown_session_is_not_recorded(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await;
    let erased = kit.spend(&link).await;
    assert!(kit.store.erase_session(erased.id, kit.now()).await.unwrap());
    let failed = kit.spend(&link).await;
    assert!(kit.store.refund(back(&failed, &[])).await.unwrap());
    let unknown = kit.session_of(Some(&link));
    for session in [&erased, &failed, &unknown] {
        let answer = kit.answer_for(session, &[]);
        assert!(!kit.store.record(answer).await.unwrap());
    }
    assert_eq!(kit.read(erased.id).await.scan_ref, None);
    assert_eq!(kit.read(failed.id).await.scan_ref, None);
    // That iDenfy started it all the same is noted, so that it can be erased there; of no other session.
    kit.store
        .note_orphan(failed.id, "scan-1", kit.now())
        .await
        .unwrap();
    kit.store
        .note_orphan(failed.id, "scan-2", kit.now())
        .await
        .unwrap();
    kit.store
        .note_orphan(erased.id, "scan-3", kit.now())
        .await
        .unwrap();
    let failed = kit.read(failed.id).await;
    assert_eq!(failed.scan_ref.as_deref(), Some("scan-1"));
    assert_eq!(failed.status, Status::Failed);
    assert_eq!(kit.read(erased.id).await.scan_ref, None);
}

async fn one_batch_of_everything_leaves_used_equal_to_the_sessions_that_were_not_given_back(
    context: Context,
) {
    let kit = Kit::open(&context).await;
    let links = [
        kit.keep_new(Usage::Multi(12)).await,
        kit.keep_new(Usage::Multi(30)).await,
    ];
    let mut open = Vec::new();
    for n in 0..20 {
        open.push(kit.spend(&links[n % 2]).await);
    }
    let (to_refund, to_record) = open.split_at(10);
    let wanted: Vec<_> = (0..20)
        .map(|n| kit.session_of(Some(&links[n % 2])))
        .collect();
    let reserves = join_all(wanted.iter().map(|s| kit.try_reserve(s, &[])));
    let refunds = join_all(to_refund.iter().map(|s| kit.store.refund(back(s, &[]))));
    let records = join_all(
        to_record
            .iter()
            .map(|s| kit.store.record(kit.answer_for(s, &[]))),
    );
    let (_, (refunds, records)) = join(reserves, join(refunds, records)).await;
    assert!(refunds.into_iter().all(|done| done.unwrap()));
    assert!(records.into_iter().all(|done| done.unwrap()));
    for link in &links {
        let used = kit.used(link).await;
        assert_eq!(used, kit.not_failed(link).await);
        assert!(used <= link.terms.usage.limit().unwrap());
    }
    // 10 of 12 were spent before; a refund came before a reservation or it did not.
    let used = kit.used(&links[0]).await;
    assert!((7..=12).contains(&used), "{used}");
    assert_eq!(kit.used(&links[1]).await, 15);
}

async fn a_hold_lets_one_session_stand_at_a_time(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Multi(9)).await;
    let holds = [Hold::client("customer-1")];
    let take = async || {
        let session = kit.session_of(Some(&link));
        let reserved = kit.try_reserve(&session, &holds).await;
        (session, reserved)
    };
    let holder = async || kit.store.holder(&holds[0], kit.now()).await.unwrap();

    let (first, reserved) = take().await;
    assert_eq!(reserved, Reserved::Granted);
    assert_eq!(holder().await, Some(first.id));
    assert_eq!(take().await.1, Reserved::Held(Some(first.id)));
    assert_eq!(kit.used(&link).await, 1);

    // Given back: free again.
    assert!(kit.store.refund(back(&first, &holds)).await.unwrap());
    assert_eq!(holder().await, None);
    let (second, reserved) = take().await;
    assert_eq!(reserved, Reserved::Granted);

    // Recorded: held for as long as the token can be opened, far beyond the lease.
    let answer = kit.answer_for(&second, &holds);
    assert!(kit.store.record(answer).await.unwrap());
    kit.clock.advance(TOKEN_MS - 1);
    assert_eq!(take().await.1, Reserved::Held(Some(second.id)));
    kit.clock.advance(1);
    assert_eq!(holder().await, None);
    let (third, reserved) = take().await;
    assert_eq!(reserved, Reserved::Granted);

    // Its process died: from the lease's end on the hold is free, whether or not a sweep has passed.
    kit.clock.advance(LEASE_MS);
    let (fourth, reserved) = take().await;
    assert_eq!(reserved, Reserved::Granted);
    assert_eq!(holder().await, Some(fourth.id));
    // The dead one's refund does not take the hold away from its heir.
    assert!(kit.store.refund(back(&third, &holds)).await.unwrap());
    assert_eq!(holder().await, Some(fourth.id));
    assert_eq!(kit.used(&link).await, kit.not_failed(&link).await);

    // Erasing a session lets go of its holds; so does forgetting what is over.
    assert!(kit.store.erase_session(fourth.id, kit.now()).await.unwrap());
    assert_eq!(holder().await, None);
    let (_, reserved) = take().await;
    assert_eq!(reserved, Reserved::Granted);
    kit.clock.advance(LEASE_MS);
    kit.store.forget_ended(kit.now()).await.unwrap();
    let left = kit.database.numbers("SELECT COUNT(*) FROM holds").await;
    assert_eq!(left, [0]);
}

async fn of_many_reservations_under_one_hold_one_is_granted(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await;
    let holds = [Hold::form("nonce")];
    let wanted: Vec<_> = (0..50).map(|_| kit.session_of(Some(&link))).collect();
    let answers = join_all(wanted.iter().map(|s| kit.try_reserve(s, &holds))).await;
    let granted: Vec<SessionId> = wanted
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| **answer == Reserved::Granted)
        .map(|(session, _)| session.id)
        .collect();
    assert_eq!(granted.len(), 1);
    for answer in answers.iter().filter(|a| **a != Reserved::Granted) {
        assert_eq!(*answer, Reserved::Held(Some(granted[0])));
    }
    assert_eq!(kit.used(&link).await, 1);
}

async fn who_is_refused_or_held_up_leaves_no_hold_behind(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Multi(2)).await;
    let (client, form, other) = (Hold::client("c"), Hold::form("f"), Hold::form("g"));
    assert_ne!(Hold::client("x"), Hold::form("x"));
    let first = kit.session_of(Some(&link));
    let reserved = kit.try_reserve(&first, std::slice::from_ref(&client)).await;
    assert_eq!(reserved, Reserved::Granted);
    let second = kit.session_of(Some(&link));
    let both = [client.clone(), form.clone()];
    let reserved = kit.try_reserve(&second, &both).await;
    assert_eq!(reserved, Reserved::Held(Some(first.id)));
    assert_eq!(kit.store.holder(&form, kit.now()).await.unwrap(), None);
    let third = kit.session_of(Some(&link));
    let reserved = kit.try_reserve(&third, &[form]).await;
    assert_eq!(reserved, Reserved::Granted);
    // Used up by now.
    let fourth = kit.session_of(Some(&link));
    let reserved = kit.try_reserve(&fourth, std::slice::from_ref(&other)).await;
    assert_eq!(reserved, Reserved::Refused);
    assert_eq!(kit.store.holder(&other, kit.now()).await.unwrap(), None);
}

async fn a_sweep_gives_back_what_a_dead_process_spent_and_nothing_else(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Multi(5)).await;
    let (abandoned, recorded, refunded) = (
        kit.spend(&link).await,
        kit.spend(&link).await,
        kit.spend(&link).await,
    );
    kit.store
        .record(kit.answer_for(&recorded, &[]))
        .await
        .unwrap();
    kit.store.refund(back(&refunded, &[])).await.unwrap();
    kit.clock.advance(LEASE_MS - 1);
    let young = kit.spend(&link).await;
    let sweep = async || kit.store.refund_abandoned(kit.now()).await.unwrap();
    assert_eq!(sweep().await, 0);
    assert_eq!(kit.used(&link).await, 3);
    kit.clock.advance(1);
    // However many sweep at once, it is given back once.
    let (one, two) = join(sweep(), sweep()).await;
    assert_eq!(one + two, 1);
    assert_eq!(sweep().await, 0);
    assert_eq!(kit.used(&link).await, 2);
    let statuses = [abandoned.id, recorded.id, refunded.id, young.id];
    let statuses = join_all(statuses.map(|id| kit.read(id))).await;
    let statuses: Vec<Status> = statuses.into_iter().map(|s| s.status).collect();
    let [failed, active, starting] = [Status::Failed, Status::Active, Status::Starting];
    assert_eq!(statuses, [failed.clone(), active, failed, starting]);
    // Too late now.
    let late = kit.answer_for(&abandoned, &[]);
    assert!(!kit.store.record(late).await.unwrap());
    assert!(!kit.store.refund(back(&abandoned, &[])).await.unwrap());
    assert_eq!(kit.used(&link).await, 2);
}

async fn ignored_requests_are_counted_by_day_and_reason(context: Context) {
    let kit = Kit::open(&context).await;
    let (ours, other) = (LinkId::new(kit.clock.uuid()), LinkId::new(kit.clock.uuid()));
    let count = |link_id, day, reason| {
        kit.store.count_ignored(Ignored {
            link_id,
            day,
            reason,
        });
    };
    count(ours, 1, "head");
    count(ours, 1, "head");
    count(ours, 1, "preview");
    count(other, 1, "head");
    kit.store.flush().await.unwrap();
    count(ours, 1, "head");
    count(ours, 0, "head");
    kit.store.flush().await.unwrap();
    let told = kit.store.ignored(ours).await.unwrap();
    let expected = [(0, "head", 1), (1, "head", 3), (1, "preview", 1)];
    assert_eq!(told, expected.map(|(day, why, n)| (day, why.to_owned(), n)));
}

async fn the_database_itself_refuses_a_use_too_many_and_one_too_few(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Multi(2)).await;
    kit.spend(&link).await;
    for wrong in ["3", "-1", "NULL"] {
        let sql = format!("UPDATE links SET used = {wrong}");
        let error = kit.database.execute(&sql).await.unwrap_err();
        assert!(error.as_database_error().is_some(), "{error}");
    }
    for wrong in [
        "usage_limit = 0",
        "usage_limit = NULL",
        "usage_kind = 'unlimited'",
    ] {
        let sql = format!("UPDATE links SET {wrong}");
        let error = kit.database.execute(&sql).await.unwrap_err();
        assert!(error.as_database_error().is_some(), "{wrong}: {error}");
    }
    assert_eq!(kit.used(&link).await, 1);
    assert_eq!(
        kit.database
            .execute("UPDATE links SET used = 2")
            .await
            .unwrap(),
        1
    );
}

async fn each_worker_thread_is_told_what_became_of_its_own_sessions(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Multi(25)).await;
    let wanted: Vec<_> = (0..40).map(|_| kit.session_of(Some(&link))).collect();
    // As many workers have it: a runtime and a `LocalSet` of its own for each thread, one ledger for all.
    let worker = |wanted: Vec<NewSession>| {
        let store = kit.store.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            tokio::task::LocalSet::new().block_on(&runtime, async {
                let store = store.for_thread();
                let reserves = wanted.iter().map(|s| store.reserve(s.clone(), vec![]));
                let answers = join_all(reserves).await;
                let mut granted = Vec::new();
                for (session, answer) in wanted.into_iter().zip(answers) {
                    match answer.unwrap() {
                        Reserved::Granted => granted.push(session),
                        other => assert_eq!(other, Reserved::Refused),
                    }
                }
                let refunds = granted.iter().map(|s| store.refund(back(s, &[])));
                for done in join_all(refunds.take(2)).await {
                    assert!(done.unwrap());
                }
                granted.into_iter().map(|s| s.id).collect::<Vec<_>>()
            })
        })
    };
    let workers: Vec<_> = wanted.chunks(20).map(|own| worker(own.to_vec())).collect();
    let granted: Vec<SessionId> = workers
        .into_iter()
        .flat_map(|worker| tokio::task::block_in_place(|| worker.join().expect("no panic")))
        .collect();
    let kept = kit.database.numbers("SELECT COUNT(*) FROM sessions").await;
    assert_eq!(kept, [i64::try_from(granted.len()).unwrap()]);
    for id in granted {
        kit.read(id).await;
    }
    assert_eq!(kit.used(&link).await, kit.not_failed(&link).await);
    let used = kit.used(&link).await;
    assert!((21..=25).contains(&used), "{used}");
}

async fn closing_writes_what_was_queued(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Multi(20)).await;
    let unlimited = kit.keep_new(Usage::Unlimited).await;
    let mut wanted: Vec<_> = (0..30).map(|_| kit.session_of(Some(&link))).collect();
    wanted.extend((0..5).map(|_| kit.session_of(Some(&unlimited))));
    let reserves = join_all(wanted.iter().map(|s| kit.store.reserve(s.clone(), vec![])));
    // Polled in this order: all are queued before the order to close.
    let (answers, ()) = join(reserves, kit.store.close()).await;
    let granted = answers
        .into_iter()
        .filter(|answer| matches!(answer, Ok(Reserved::Granted)))
        .count();
    assert_eq!(granted, 25);
    if let Some(file) = kit.database.url.strip_prefix("sqlite://") {
        let log = std::path::PathBuf::from(format!("{file}-wal"));
        assert!(!log.exists(), "what was written last is in the file");
    }
    assert!(kit.store.ping().await.is_err());
    assert!(kit.store.link(link.terms.id).await.is_err());
    let used = "SELECT used FROM links ORDER BY used";
    assert_eq!(kit.database.numbers(used).await, [5, 20]);
}

async fn sessions_that_moved_on_before_they_were_recorded_spoil_no_batch(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Multi(60)).await;
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(kit.spend(&link).await);
    }
    let (erased, told) = (open[3].id, open[7].id);
    assert!(kit.store.erase_session(erased, kit.now()).await.unwrap());
    let sql = format!("UPDATE sessions SET status = 'reviewing' WHERE id = '{told}'");
    assert_eq!(kit.database.execute(&sql).await.unwrap(), 1);
    let wanted: Vec<_> = (0..50).map(|_| kit.session_of(Some(&link))).collect();
    let reserves = join_all(wanted.iter().map(|s| kit.try_reserve(s, &[])));
    let records = join_all(
        open.iter()
            .map(|s| kit.store.record(kit.answer_for(s, &[]))),
    );
    let (answers, done) = join(reserves, records).await;
    let granted = answers.iter().filter(|r| **r == Reserved::Granted);
    assert_eq!(granted.count(), 40);
    assert_eq!(kit.used(&link).await, 60);
    assert_eq!(kit.not_failed(&link).await, 60);
    for (session, recorded) in open.iter().zip(done) {
        let kept = kit.read(session.id).await;
        assert_eq!(recorded.unwrap(), session.id != erased);
        assert_eq!(kept.scan_ref.is_some(), session.id != erased);
        let is_active = ![erased, told].contains(&session.id);
        assert_eq!(kept.status == Status::Active, is_active);
    }
    let told = "SELECT COUNT(*) FROM events WHERE type = 'session.started'";
    assert_eq!(kit.database.numbers(told).await, [18]);
}

async fn a_commit_that_fails_is_told_to_all_and_undoes_nothing_else(context: Context) {
    let kit = Kit::open(&context).await;
    for usage in [Usage::Multi(50), Usage::Unlimited] {
        let link = kit.keep_new(usage).await;
        let twice = kit.spend(&link).await;
        let others: Vec<_> = (0..20).map(|_| kit.session_of(Some(&link))).collect();
        let again = others.iter().chain([&twice]);
        let answers = join_all(again.map(|s| kit.store.reserve(s.clone(), vec![]))).await;
        assert!(answers[20].is_err());
        for (session, answer) in others.iter().zip(answers) {
            let kept = kit.store.session(session.id).await.unwrap();
            assert_eq!(kept.is_some(), matches!(answer, Ok(Reserved::Granted)));
        }
        assert_eq!(kit.used(&link).await, kit.not_failed(&link).await);
        kit.spend(&link).await;
        assert!(kit.store.record(kit.answer_for(&twice, &[])).await.unwrap());
    }
}

async fn who_comes_while_it_is_closed_spends_nothing_unheard(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Multi(50)).await;
    kit.spend(&link).await;
    let wanted: Vec<_> = (0..40).map(|_| kit.session_of(Some(&link))).collect();
    let late = async {
        let mut granted = 1;
        for session in &wanted {
            let answer = kit.store.reserve(session.clone(), vec![]).await;
            granted += i64::from(matches!(answer, Ok(Reserved::Granted)));
        }
        granted
    };
    let ((), granted) = join(kit.store.close(), late).await;
    for kept in ["SELECT used FROM links", "SELECT COUNT(*) FROM sessions"] {
        assert_eq!(kit.database.numbers(kept).await, [granted]);
    }
}

async fn each_session_is_found_by_its_link_at_once_and_filed_there_without_a_search(
    context: Context,
) {
    let kit = Kit::open(&context).await;
    let links = [
        kit.keep_new(Usage::Unlimited).await,
        kit.keep_new(Usage::Multi(9)).await,
    ];
    kit.try_reserve(&kit.session_of(None), &[]).await;
    for round in 1..=2 {
        for link in &links {
            let mut by_poster = kit.session_of(Some(link));
            by_poster.via = Via::parse("poster");
            let held = kit.session_of(Some(link));
            let page = [Hold::form(&held.id.to_string())];
            assert_eq!(kit.try_reserve(&by_poster, &[]).await, Reserved::Granted);
            assert_eq!(kit.try_reserve(&held, &page).await, Reserved::Granted);
            let filter = SessionFilter {
                link_id: Some(link.terms.id),
                limit: 10,
                ..SessionFilter::default()
            };
            let found = kit.store.sessions(&filter).await.unwrap();
            assert_eq!(found.len(), 2 * round);
            assert!(found.iter().all(|s| s.link_id == Some(link.terms.id)));
            assert!(
                found
                    .iter()
                    .any(|s| s.id == by_poster.id && s.via.is_some())
            );
            assert!(found.iter().any(|s| s.id == held.id));
            let twice =
                "SELECT COUNT(*) FROM link_sessions_new GROUP BY session_id HAVING COUNT(*) > 1";
            assert_eq!(kit.database.numbers(twice).await, [0; 0]);
        }
    }
    kit.spend(&links[0]).await;
    let filed = "SELECT COUNT(*) FROM link_sessions";
    let is_filed = async || kit.database.numbers(filed).await == [9];
    eventually(BOUND, "the ledger files it", is_filed).await;
    let right = "SELECT COUNT(*) FROM link_sessions AS f JOIN sessions AS s ON s.id = f.session_id
                 WHERE s.link_id = f.link_id AND s.via IS NOT DISTINCT FROM f.via";
    assert_eq!(kit.database.numbers(right).await, [9]);
}

async fn only_a_use_that_no_limit_depends_on_is_not_waited_for(context: Context) {
    let kit = Kit::open(&context).await;
    for sql in [
        "CREATE TABLE waits (place SERIAL, is_waited_for BIGINT)",
        "CREATE FUNCTION note_wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         INSERT INTO waits (is_waited_for)
         SELECT CASE current_setting('synchronous_commit') WHEN 'off' THEN 0 ELSE 1 END;
         RETURN NULL; END $$",
        "CREATE TRIGGER note_wait AFTER INSERT OR UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION note_wait()",
    ] {
        kit.database.execute(sql).await.unwrap();
    }
    let usual = "SELECT CAST(CASE current_setting('synchronous_commit') WHEN 'off' THEN 0 ELSE 1 END AS BIGINT)";
    let usual = kit.database.numbers(usual).await[0];
    let unlimited = kit.keep_new(Usage::Unlimited).await;
    let session = kit.spend(&unlimited).await;
    kit.spend(&kit.keep_new(Usage::Multi(5)).await).await;
    assert!(
        kit.store
            .record(kit.answer_for(&session, &[]))
            .await
            .unwrap()
    );
    let held = kit.session_of(Some(&unlimited));
    let page = [Hold::form("a page")];
    assert_eq!(kit.try_reserve(&held, &page).await, Reserved::Granted);
    kit.spend(&unlimited).await;
    assert_eq!(
        kit.database
            .numbers("SELECT is_waited_for FROM waits ORDER BY place")
            .await,
        [0, usual, usual, usual, 0]
    );
}

/// A statement is planned the first times it is asked, and that plan is kept while the tables grow.
async fn clicks_are_found_by_their_keys_though_there_were_few_at_first(context: Context) {
    let kit = Kit::open(&context).await;
    for _ in 0..30 {
        let link = kit.keep_new(Usage::Multi(9)).await;
        let session = kit.spend(&link).await;
        let answer = kit.answer_for(&session, &[]);
        assert!(kit.store.record(answer).await.unwrap());
        let held = kit.session_of(Some(&link));
        let page = [Hold::form(&held.id.to_string())];
        assert_eq!(kit.try_reserve(&held, &page).await, Reserved::Granted);
        assert!(kit.store.refund(back(&held, &page)).await.unwrap());
    }
    kit.close_and_count().await;
    let walked =
        "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname IN ('links', 'sessions', 'events')
         UNION ALL SELECT idx_tup_read FROM pg_stat_user_indexes
         WHERE relname IN ('links', 'sessions', 'events') AND indexrelname NOT LIKE '%_pkey'";
    let walked = kit.database.numbers(walked).await;
    assert!(walked.iter().all(|rows| *rows == 0), "{walked:?}");
}
