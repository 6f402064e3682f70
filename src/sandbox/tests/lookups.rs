//! Sessions looked up, listed and deleted.

use serde_json::{Value, json};

use super::world::World;

#[actix_web::test]
async fn sessions_are_looked_up_listed_and_deleted() {
    let mut world = World::start();
    let minted = [
        world.mint(json!({"clientId": "c"})).await,
        world.mint(json!({"clientId": "c"})).await,
    ];
    world.mint(json!({"clientId": "other"})).await;
    let scan_ref = json!({"scanRef": minted[1]["scanRef"]});
    let early = world
        .post("/api/v2/delete", &scan_ref)
        .send()
        .await
        .unwrap();
    assert_eq!(early.status(), 400);
    let early: Value = early.json().await.unwrap();
    assert_eq!(early["message"], "Token has not expired yet.");
    assert_eq!(
        (&early["identifier"], &early["severity"]),
        (&json!("PARTNER_ERROR"), &json!("NOT_SEVERE"))
    );

    world.press(&minted[1]["authToken"], "suspect").await;
    world.webhook().await;
    world.webhook().await;
    let found = world
        .post("/api/v2/status", &scan_ref)
        .send()
        .await
        .unwrap();
    let found: Value = found.json().await.unwrap();
    assert_eq!(
        (&found["status"], &found["manualFace"]),
        (&json!("SUSPECTED"), &json!("FACE_MATCH"))
    );
    assert_eq!(found["mismatchTags"], json!(["NAME"]));

    let url = format!(
        "{}/sandbox/kyc/identifications/?clientId=c&perPage=1",
        world.base
    );
    let list = world
        .http
        .get(&url)
        .basic_auth("key", Some("secret"))
        .send()
        .await
        .unwrap();
    let list: Value = list.json().await.unwrap();
    let newest = json!({"scanRef": minted[1]["scanRef"], "status": "SUSPECTED", "suspected": true});
    assert_eq!(
        (&list["count"], &list["results"]),
        (&json!(2), &json!([newest]))
    );
    let next = world
        .http
        .get(list["next"].as_str().unwrap())
        .basic_auth("key", Some("secret"));
    let next: Value = next.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&next["results"][0]["status"], &next["next"]),
        (&json!("ACTIVE"), &Value::Null)
    );

    let deleted = world
        .post("/api/v2/delete", &scan_ref)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (deleted.status().as_u16(), deleted.text().await.unwrap()),
        (200, String::new())
    );
    let found = world
        .post("/api/v2/status", &scan_ref)
        .send()
        .await
        .unwrap();
    assert_eq!(found.json::<Value>().await.unwrap()["status"], "DELETED");
}
