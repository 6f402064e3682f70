//! `entrypass user`

use serde_json::Value;

use crate::dashboard_kit::PASSWORD;
use crate::harness::idenfy::ScriptedIdenfy;
use crate::harness::process::Binary;
use crate::harness::{Context, tests};

tests!("cli_user", [people_are_let_in_listed_and_removed]);

async fn people_are_let_in_listed_and_removed(context: Context) {
    let database = context.engine.database().await;
    let binary = Binary::new(&database, &ScriptedIdenfy::start().await);
    binary.done(&["migrate"]).await;
    let create = ["user", "create", "ana@example.com", "--role", "admin"];
    for (password, told) in [
        ("", "password: must have at least 12 characters"),
        ("password1234\n", "password: is too easily guessed"),
    ] {
        let ended = binary.run_with_input(&create, password).await;
        assert_eq!((ended.code, &*ended.out), (Some(1), ""));
        assert!(ended.err.contains(told), "{}", ended.err);
    }
    let typed = format!("{PASSWORD}\n");
    let made = binary.run_with_input(&create, &typed).await;
    assert_eq!((made.code, &*made.err), (Some(0), ""));
    let twice = binary.run_with_input(&create, &typed).await;
    assert!(twice.err.contains("is there already"), "{}", twice.err);
    let bo = ["user", "create", "bo@example.com", "--name", "Bo"];
    assert_eq!(binary.run_with_input(&bo, &typed).await.code, Some(0));
    let list = binary.done(&["user", "list", "--json"]).await;
    let list: Vec<Value> = serde_json::from_str(&list).unwrap();
    let shown: Vec<_> = list
        .iter()
        .map(|p| (p["name"].as_str().unwrap(), p["role"].as_str().unwrap()))
        .collect();
    assert_eq!(shown, [("Bo", "viewer"), ("ana", "admin")]);
    assert!(
        binary
            .done(&["user", "list"])
            .await
            .contains("bo@example.com")
    );
    let set = ["user", "set-password", "BO@example.com"];
    let changed = binary.run_with_input(&set, "seldom a plum tractor").await;
    assert_eq!((changed.code, &*changed.out), (Some(0), "changed\n"));
    let kept = binary
        .refused(&["user", "delete", "ana@example.com", "--yes"])
        .await;
    assert!(kept.contains("the last administrator"), "{kept}");
    binary
        .done(&["user", "delete", "bo@example.com", "--yes"])
        .await;
    let gone = binary.refused(&["user", "delete", "bo@example.com"]).await;
    assert!(gone.contains("nobody has this email"), "{gone}");
    assert!(!database.holds(PASSWORD).await);
}
