use std::time::Duration;

use super::super::token::new_session;
use super::*;

fn session(name: &str) -> Session {
    new_session(name.into(), format!("scan-{name}"), Duration::from_mins(1))
}

#[test]
fn the_oldest_session_is_forgotten_under_all_its_names() {
    let sessions = Sessions::new(2);
    for name in ["a", "b", "c"] {
        sessions.add(session(name));
    }
    assert!(sessions.by_token("a").is_none() && sessions.by_scan_ref("scan-a").is_none());
    assert!(sessions.by_token("b").is_some() && sessions.by_scan_ref("scan-c").is_some());
    let later = Instant::now() + Duration::from_secs(61);
    assert_eq!(sessions.expire(later, DateTime::UNIX_EPOCH, 10).len(), 2);
}

#[test]
fn a_visit_changes_the_deadline_once() {
    let sessions = Sessions::new(2);
    sessions.add(Session {
        session_length: Duration::from_mins(5),
        ..session("a")
    });
    let now = Instant::now();
    let first = sessions
        .open("a", now, DateTime::UNIX_EPOCH)
        .unwrap()
        .deadline;
    let again = sessions.open("a", now + Duration::from_secs(9), DateTime::UNIX_EPOCH);
    assert_eq!(first, now + Duration::from_mins(5));
    assert_eq!(again.unwrap().deadline, first);
    let before = sessions.expire(
        first.checked_sub(Duration::from_secs(1)).unwrap(),
        DateTime::UNIX_EPOCH,
        10,
    );
    assert!(before.is_empty(), "the first deadline no longer counts");
    assert_eq!(sessions.expire(first, DateTime::UNIX_EPOCH, 10).len(), 1);
}

#[test]
fn a_session_ends_once() {
    let sessions = Sessions::new(2);
    sessions.add(session("a"));
    assert!(
        sessions
            .finish("a", Outcome::Deny, DateTime::UNIX_EPOCH)
            .is_ok()
    );
    let again = sessions.finish("a", Outcome::Approve, DateTime::UNIX_EPOCH);
    assert!(
        matches!(again, Err(NotFinished::Ended(ended)) if ended.outcome == Some(Outcome::Deny))
    );
    assert_eq!(sessions.delete("scan-a"), Err(NotDeleted::Reviewing));
    sessions.settle("scan-a", Outcome::Deny);
    assert_eq!(sessions.delete("scan-a"), Ok(()));
    assert_eq!(sessions.delete("scan-x"), Err(NotDeleted::Unknown));
}
