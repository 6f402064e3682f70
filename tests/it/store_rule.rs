//! The usage rule under any sequence of events: 0 <= used <= limit, and used is the number of the link's sessions
//! that were not given back.

use entrypass::domain::link::Link;
use entrypass::domain::usage::Usage;
use entrypass::store::ledger::{NewSession, Reserved};
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::harness::{Context, tests};
use crate::store_kit::{Kit, back};

tests!("store_rule", [no_sequence_of_events_breaks_the_usage_rule]);

/// Sequences tried.
const CASES: u32 = 40;

/// Something that happens to a link.
#[derive(Debug, Clone)]
enum Event {
    /// So many clicks at once.
    Clicks(usize),
    /// The n-th session's mint failed (or seemed to: it may be settled already).
    Refund(usize),
    /// iDenfy answered for the n-th session.
    Record(usize),
    /// The n-th session's mint fails while somebody clicks.
    RefundAndClick(usize),
    Sweep,
    Wait(i64),
    Deactivate,
    Activate,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        5 => (1..5_usize).prop_map(Event::Clicks),
        3 => (0..30_usize).prop_map(Event::Refund),
        3 => (0..30_usize).prop_map(Event::Record),
        2 => (0..30_usize).prop_map(Event::RefundAndClick),
        2 => Just(Event::Sweep),
        2 => (1..15_000_i64).prop_map(Event::Wait),
        1 => Just(Event::Deactivate),
        2 => Just(Event::Activate),
    ]
}

/// A limit, when the link expires, and what happens to it.
fn story() -> impl Strategy<Value = (Option<i64>, Option<i64>, Vec<Event>)> {
    (
        prop::option::weighted(0.9, 1..8_i64),
        prop::option::weighted(0.5, 20_000..60_000_i64),
        prop::collection::vec(event(), 1..40),
    )
}

async fn no_sequence_of_events_breaks_the_usage_rule(context: Context) {
    let kit = Kit::open(&context).await;
    let mut runner = TestRunner::new(Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    });
    let told = runner.run(&story(), |(limit, life, events)| {
        block_in_place(|| Handle::current().block_on(live(&kit, limit, life, &events)))
    });
    told.unwrap_or_else(|failure| panic!("{failure}"));
}

async fn live(
    kit: &Kit,
    limit: Option<i64>,
    life: Option<i64>,
    events: &[Event],
) -> Result<(), TestCaseError> {
    let usage = limit.map_or(Usage::Unlimited, Usage::Multi);
    let mut link = kit.new_link(usage);
    link.terms.expires_at = life.map(|ms| kit.now().plus_millis(ms));
    let link = kit.keep(link).await;
    let mut sessions: Vec<NewSession> = Vec::new();
    for event in events {
        let at = |n: usize| sessions.get(n % sessions.len().max(1));
        match event {
            Event::Clicks(n) => click(kit, &link, &mut sessions, *n).await?,
            Event::Refund(n) => {
                if let Some(session) = at(*n) {
                    kit.store.refund(back(session, &[])).await.unwrap();
                }
            }
            Event::Record(n) => {
                if let Some(session) = at(*n) {
                    let answer = kit.answer_for(session, &[]);
                    kit.store.record(answer).await.unwrap();
                }
            }
            Event::RefundAndClick(n) => {
                let wanted = kit.session_of(Some(&link));
                if let Some(session) = at(*n) {
                    let both = futures_util::future::join(
                        kit.store.refund(back(session, &[])),
                        kit.try_reserve(&wanted, &[]),
                    );
                    if both.await.1 == Reserved::Granted {
                        sessions.push(wanted);
                    }
                }
            }
            Event::Sweep => {
                kit.store.refund_abandoned(kit.now()).await.unwrap();
            }
            Event::Wait(ms) => kit.clock.advance(*ms),
            Event::Deactivate => {
                let id = link.terms.id;
                kit.store.deactivate_link(id, kit.now()).await.unwrap();
            }
            Event::Activate => {
                let id = link.terms.id;
                kit.store.activate_link(id, kit.now()).await.unwrap();
            }
        }
        let used = kit.used(&link).await;
        prop_assert!(
            used >= 0 && limit.is_none_or(|limit| used <= limit),
            "{}",
            used
        );
        prop_assert_eq!(used, kit.not_failed(&link).await);
    }
    Ok(())
}

/// So many clicks at once are granted what is left, if the link is on and not expired.
async fn click(
    kit: &Kit,
    link: &Link,
    sessions: &mut Vec<NewSession>,
    n: usize,
) -> Result<(), TestCaseError> {
    let before = kit.store.link(link.terms.id).await.unwrap().unwrap();
    let is_on = before.deactivated_at.is_none()
        && before.terms.expires_at.is_none_or(|end| kit.now() < end);
    let left = before.remaining().unwrap_or(i64::MAX);
    let expected = if is_on {
        left.min(i64::try_from(n).expect("few"))
    } else {
        0
    };
    let wanted: Vec<_> = (0..n).map(|_| kit.session_of(Some(link))).collect();
    let answers = join_all(wanted.iter().map(|s| kit.try_reserve(s, &[]))).await;
    let mut granted = 0;
    for (session, answer) in wanted.into_iter().zip(answers) {
        if answer == Reserved::Granted {
            sessions.push(session);
            granted += 1;
        }
    }
    prop_assert_eq!(granted, expected);
    prop_assert_eq!(kit.used(link).await, before.used + expected);
    Ok(())
}
