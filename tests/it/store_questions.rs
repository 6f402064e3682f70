//! Questions to iDenfy and what is to be erased there, on the store itself.

use entrypass::domain::id::{EventId, SessionId};
use entrypass::domain::session::Status;
use entrypass::domain::timestamp::DAY_MS;
use entrypass::domain::usage::Usage;
use entrypass::domain::verdict::Verdict;
use entrypass::store::inbound::Learnt;
use entrypass::store::ledger::{Client, NewSession, Refund};
use entrypass::store::sessions::SessionFilter;
use futures_util::future::join_all;

use crate::harness::{Context, tests};
use crate::store_kit::{Kit, TOKEN_MS, back};

tests!(
    "store_questions",
    [
        sessions_without_a_result_are_noted_once_and_asked_about_after_their_token,
        sessions_under_way_are_listed_whatever_became_of_them_since,
        more_sessions_than_one_stride_are_walked,
        a_question_is_one_nodes_until_its_lease_ends,
        what_was_learnt_moves_a_session_by_the_rules,
        scans_of_other_sessions_are_known,
        the_open_sessions_of_a_customer_are_found_after_their_token,
        an_erased_sessions_scan_waits_to_be_deleted,
        old_sessions_are_erased_here_alone,
    ]
);

const SLACK_MS: i64 = 1000;

async fn recorded(kit: &Kit) -> NewSession {
    let session = kit.session_of(None);
    kit.try_reserve(&session, &[]).await;
    let answer = kit.answer_for(&session, &[]);
    assert!(kit.store.record(answer).await.unwrap());
    session
}

fn learnt(kit: &Kit, status: Status) -> Learnt {
    Learnt {
        id: EventId::new(kit.clock.uuid()),
        at: kit.now(),
        scan_ref: None,
        verdict: Some(Verdict::end(status)),
    }
}

async fn finish(kit: &Kit, id: SessionId) {
    let learnt = learnt(kit, Status::Expired);
    assert!(kit.store.learn(id, &learnt).await.unwrap());
}

async fn questions(kit: &Kit) -> i64 {
    kit.database.numbers("SELECT COUNT(*) FROM questions").await[0]
}

async fn sessions_without_a_result_are_noted_once_and_asked_about_after_their_token(
    context: Context,
) {
    let kit = Kit::open(&context).await;
    let (open, done) = (recorded(&kit).await, recorded(&kit).await);
    finish(&kit, done.id).await;
    for failure in ["timeout", "credentials"] {
        let failed = kit.session_of(None);
        kit.try_reserve(&failed, &[]).await;
        let refund = Refund {
            failure,
            ..back(&failed, &[])
        };
        kit.store.refund(refund).await.unwrap();
    }
    kit.clock.advance(5);
    let young = recorded(&kit).await;
    let before = young.created_at;
    assert!(!kit.store.note_unfinished(before, SLACK_MS).await.unwrap());
    // One is open, and one may be at iDenfy although it failed here.
    assert_eq!(questions(&kit).await, 2);
    let lease = kit.now().plus_millis(1);
    assert_eq!(
        kit.store.claim_question(kit.now(), lease).await.unwrap(),
        None
    );
    kit.clock.advance(TOKEN_MS + SLACK_MS - 5);
    let lease = kit.now().plus_millis(TOKEN_MS);
    let first = kit
        .store
        .claim_question(kit.now(), lease)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((first.session_id, first.asked), (open.id, 1));
    let second = kit
        .store
        .claim_question(kit.now(), lease)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kit.read(second.session_id).await.status, Status::Failed);
    assert_eq!(
        kit.store.claim_question(kit.now(), lease).await.unwrap(),
        None
    );
    kit.store.forget_question(open.id).await.unwrap();
    // What was walked past is not walked again.
    assert!(!kit.store.note_unfinished(before, SLACK_MS).await.unwrap());
    assert_eq!(questions(&kit).await, 1);
    kit.store
        .note_unfinished(kit.now(), SLACK_MS)
        .await
        .unwrap();
    assert_eq!(questions(&kit).await, 2);
}

/// They are looked for where they can be, as no index has them.
async fn sessions_under_way_are_listed_whatever_became_of_them_since(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await;
    let mut open = Vec::new();
    for n in 0..5 {
        let mut session = kit.session_of((n % 2 == 0).then_some(&link));
        session.client = Client::Fixed(format!("customer-{n}"));
        kit.try_reserve(&session, &[]).await;
        let answer = kit.answer_for(&session, &[]);
        assert!(kit.store.record(answer).await.unwrap());
        open.push(session.id);
        finish(&kit, recorded(&kit).await.id).await;
        kit.clock.advance(1000);
    }
    kit.store.erase_session(open[1], kit.now()).await.unwrap();
    let just_begun = kit.session_of(None);
    kit.try_reserve(&just_begun, &[]).await;
    let listed = async |filter: SessionFilter| -> Vec<SessionId> {
        let filter = SessionFilter {
            status: filter.status.or_else(|| Some("active".to_owned())),
            limit: 9,
            ..filter
        };
        let sessions = kit.store.sessions(&filter).await.unwrap();
        sessions.iter().map(|session| session.id).collect()
    };
    let at = |n: usize| {
        Some(
            kit.now()
                .plus_millis((i64::try_from(n).unwrap() - 5) * 1000),
        )
    };
    // Before any is walked past; when some are; when all are, and of one nothing is asked.
    for walked in [0, 3, 6] {
        if let Some(before) = at(walked).filter(|_| walked > 0) {
            while kit.store.note_unfinished(before, SLACK_MS).await.unwrap() {}
        }
        let newest_first: Vec<_> = open.iter().rev().copied().collect();
        assert_eq!(listed(SessionFilter::default()).await, newest_first);
        let of_link = SessionFilter {
            link_id: Some(link.terms.id),
            ..SessionFilter::default()
        };
        assert_eq!(listed(of_link).await, [open[4], open[2], open[0]]);
        let page = SessionFilter {
            before: Some(open[4]),
            from: at(1),
            ..SessionFilter::default()
        };
        assert_eq!(listed(page).await, [open[3], open[2], open[1]]);
        let starting = SessionFilter {
            status: Some("starting".to_owned()),
            ..SessionFilter::default()
        };
        assert_eq!(listed(starting).await, [just_begun.id]);
    }
    assert_eq!(questions(&kit).await, 5);
}

async fn more_sessions_than_one_stride_are_walked(context: Context) {
    let kit = Kit::open(&context).await;
    let link = kit.keep_new(Usage::Unlimited).await;
    let sessions: Vec<NewSession> = (0..2500).map(|_| kit.session_of(Some(&link))).collect();
    let spent = sessions.iter().map(|session| kit.try_reserve(session, &[]));
    join_all(spent).await;
    kit.clock.advance(1);
    let mut steps = 1;
    while kit
        .store
        .note_unfinished(kit.now(), SLACK_MS)
        .await
        .unwrap()
    {
        steps += 1;
    }
    assert_eq!((steps, questions(&kit).await), (3, 2500));
}

async fn a_question_is_one_nodes_until_its_lease_ends(context: Context) {
    let kit = Kit::open(&context).await;
    let session = recorded(&kit).await;
    kit.clock.advance(TOKEN_MS * 2);
    kit.store.note_unfinished(kit.now(), 0).await.unwrap();
    let (now, lease) = (kit.now(), kit.now().plus_millis(100));
    let claims = join_all((0..8).map(|_| kit.store.claim_question(now, lease))).await;
    let claimed: Vec<_> = claims.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].session_id, session.id);
    kit.clock.advance(100);
    let lease = kit.now().plus_millis(100);
    let again = kit
        .store
        .claim_question(kit.now(), lease)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(again.asked, 2);
    let at = kit.now().plus_millis(50);
    kit.store.put_off_question(session.id, at).await.unwrap();
    kit.clock.advance(50);
    let again = kit
        .store
        .claim_question(kit.now(), lease)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(again.asked, 3);
}

async fn what_was_learnt_moves_a_session_by_the_rules(context: Context) {
    let kit = Kit::open(&context).await;
    let session = recorded(&kit).await;
    let approved = Learnt {
        verdict: Some(Verdict {
            is_ending: false,
            ..Verdict::end(Status::Approved)
        }),
        scan_ref: Some("scan-told".into()),
        ..learnt(&kit, Status::Approved)
    };
    assert!(kit.store.learn(session.id, &approved).await.unwrap());
    assert!(!kit.store.learn(session.id, &approved).await.unwrap());
    let late = learnt(&kit, Status::Expired);
    assert!(!kit.store.learn(session.id, &late).await.unwrap());
    let kept = kit.read(session.id).await;
    assert_eq!((kept.status, kept.is_final), (Status::Approved, true));
    assert_eq!(kept.scan_ref.as_deref(), Some("scan-told"));
    kit.store
        .erase_session(session.id, kit.now())
        .await
        .unwrap();
    assert!(!kit.store.learn(session.id, &approved).await.unwrap());
    assert_eq!(kit.read(session.id).await.scan_ref, None);
    let unknown = kit.session_of(None).id;
    assert!(!kit.store.learn(unknown, &approved).await.unwrap());
}

async fn scans_of_other_sessions_are_known(context: Context) {
    let kit = Kit::open(&context).await;
    let (kept, erased) = (recorded(&kit).await, recorded(&kit).await);
    kit.store.erase_session(erased.id, kit.now()).await.unwrap();
    let scans = [
        format!("scan-{}", kept.id),
        "a new one".to_owned(),
        format!("scan-{}", erased.id),
    ];
    assert_eq!(
        kit.store.unknown_scans(&scans).await.unwrap(),
        ["a new one"]
    );
    assert!(kit.store.unknown_scans(&[]).await.unwrap().is_empty());
}

async fn the_open_sessions_of_a_customer_are_found_after_their_token(context: Context) {
    let kit = Kit::open(&context).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let mut session = kit.session_of(None);
        session.client = Client::Fixed("jane".into());
        kit.try_reserve(&session, &[]).await;
        kit.store
            .record(kit.answer_for(&session, &[]))
            .await
            .unwrap();
        ids.push(session.id);
    }
    finish(&kit, ids[0]).await;
    let of = async |client: &str| {
        let found = kit.store.unfinished_of(client, kit.now()).await.unwrap();
        found.iter().map(|session| session.id).collect::<Vec<_>>()
    };
    kit.clock.advance(TOKEN_MS - 1);
    assert!(of("jane").await.is_empty());
    kit.clock.advance(1);
    assert_eq!(of("jane").await, [ids[1]]);
    assert!(of("joe").await.is_empty());
}

async fn an_erased_sessions_scan_waits_to_be_deleted(context: Context) {
    let kit = Kit::open(&context).await;
    let session = recorded(&kit).await;
    let lost = kit.session_of(None);
    kit.try_reserve(&lost, &[]).await;
    for id in [session.id, session.id, lost.id] {
        assert!(kit.store.erase_session(id, kit.now()).await.unwrap());
    }
    let since = kit.now();
    let lease = kit.now().plus_millis(100);
    let claim = async || kit.store.claim_erasure(kit.now(), lease).await.unwrap();
    let first = claim().await.unwrap();
    assert_eq!((first.session_id, first.asked), (session.id, 1));
    assert_eq!(first.scan_ref, format!("scan-{}", session.id));
    assert_eq!(first.created_at, since);
    assert_eq!(claim().await, None);
    // Its answer came after it was erased here.
    kit.store
        .note_orphan(lost.id, "scan-late", kit.now())
        .await
        .unwrap();
    let late = claim().await.unwrap();
    assert_eq!((late.session_id, &*late.scan_ref), (lost.id, "scan-late"));
    assert_eq!(kit.read(lost.id).await.scan_ref, None);
    kit.store.forget_erasure("scan-late").await.unwrap();
    // Neither is one that a power cut took away.
    let gone = kit.session_of(None).id;
    kit.store
        .note_orphan(gone, "scan-of-none", kit.now())
        .await
        .unwrap();
    let of_none = claim().await.unwrap();
    assert_eq!(
        (of_none.session_id, &*of_none.scan_ref),
        (gone, "scan-of-none")
    );
    kit.store.forget_erasure("scan-of-none").await.unwrap();
    let at = kit.now().plus_millis(DAY_MS);
    kit.store
        .put_off_erasure(&first.scan_ref, at)
        .await
        .unwrap();
    kit.clock.advance(DAY_MS - 1);
    assert_eq!(claim().await, None);
    kit.clock.advance(1);
    assert_eq!(claim().await.unwrap().asked, 2);
    kit.store.forget_erasure(&first.scan_ref).await.unwrap();
    let left = "SELECT COUNT(*) FROM erasures";
    assert_eq!(kit.database.numbers(left).await, [0]);
}

async fn old_sessions_are_erased_here_alone(context: Context) {
    let kit = Kit::open(&context).await;
    let (done, open) = (recorded(&kit).await, recorded(&kit).await);
    finish(&kit, done.id).await;
    let failed = kit.session_of(None);
    kit.try_reserve(&failed, &[]).await;
    kit.store.refund(back(&failed, &[])).await.unwrap();
    let at = kit.now();
    assert_eq!(kit.store.erase_old(at, at).await.unwrap(), 0);
    kit.clock.advance(1);
    assert_eq!(kit.store.erase_old(kit.now(), kit.now()).await.unwrap(), 2);
    assert_eq!(kit.store.erase_old(kit.now(), kit.now()).await.unwrap(), 0);
    for session in [&done, &failed] {
        let kept = kit.read(session.id).await;
        assert_eq!((kept.client_id, kept.scan_ref), (None, None));
        assert_eq!(kept.erased_at, Some(kit.now()));
    }
    assert_eq!(kit.read(done.id).await.status, Status::Expired);
    assert!(kit.read(open.id).await.erased_at.is_none());
    let left = "SELECT COUNT(*) FROM erasures";
    assert_eq!(kit.database.numbers(left).await, [0]);
}
