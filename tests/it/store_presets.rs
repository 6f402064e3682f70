//! Presets as they are kept.

use entrypass::domain::id::PresetId;
use entrypass::domain::preset::{PRESETS_MAX, Preset, PresetOptions};
use entrypass::store::audit::AuditFilter;
use entrypass::store::presets::PresetRefusal;
use serde_json::{Value, json};

use crate::harness::{Context, tests};
use crate::store_kit::Kit;

tests!(
    "store_presets",
    [presets_are_kept_under_one_name_each_and_their_changes_noted]
);

fn preset(kit: &Kit, name: &str, options: &Value) -> Preset {
    Preset {
        id: PresetId::new(kit.clock.uuid()),
        name: name.to_owned(),
        options: PresetOptions::from_checked(options.as_object().cloned().unwrap()),
        created_at: kit.now(),
        updated_at: kit.now(),
    }
}

async fn presets_are_kept_under_one_name_each_and_their_changes_noted(context: Context) {
    let kit = Kit::open(&context).await;
    let store = &kit.store;
    let options = json!({"flow": "document", "confirm": true, "token": {"checkAml": true, "country": ["DE"]}});
    let first = preset(&kit, "Größe 名前", &options);
    assert_eq!(store.insert_preset(&first).await.unwrap(), Ok(()));
    let same = preset(&kit, "GRÖSSE 名前", &json!({}));
    assert_eq!(store.insert_preset(&same).await.unwrap(), Ok(()));
    let taken = preset(&kit, "grÖße 名前", &json!({}));
    let refused = Err(PresetRefusal::NameTaken);
    assert_eq!(store.insert_preset(&taken).await.unwrap(), refused);
    assert_eq!(store.preset(taken.id).await.unwrap(), None);
    assert_eq!(store.preset(first.id).await.unwrap().as_ref(), Some(&first));
    let named = store.preset_named("GRÖßE 名前").await.unwrap();
    assert_eq!(named.as_ref(), Some(&first));
    assert_eq!(store.preset_named("Größe").await.unwrap(), None);
    let list = store.presets(None, 1).await.unwrap();
    assert_eq!(list, std::slice::from_ref(&same));
    let next = store.presets(Some(same.id), 9).await.unwrap();
    assert_eq!(next, std::slice::from_ref(&first));

    kit.clock.advance(1000);
    let changed = Preset {
        name: "Größe".to_owned(),
        options: PresetOptions::default(),
        updated_at: kit.now(),
        ..first.clone()
    };
    assert_eq!(store.replace_preset(&changed).await.unwrap(), Ok(()));
    assert_eq!(store.preset(first.id).await.unwrap(), Some(changed.clone()));
    let clash = Preset {
        name: same.name.clone(),
        ..changed
    };
    assert_eq!(store.replace_preset(&clash).await.unwrap(), refused);
    assert_eq!(
        store.replace_preset(&taken).await.unwrap(),
        Err(PresetRefusal::Unknown)
    );
    assert!(store.delete_preset(first.id).await.unwrap());
    assert!(!store.delete_preset(first.id).await.unwrap());
    let filter = AuditFilter {
        limit: 9,
        ..AuditFilter::default()
    };
    let log = store.audit_log(&filter).await.unwrap();
    let noted: Vec<_> = log
        .iter()
        .map(|line| (&*line.action, line.detail.as_deref()))
        .collect();
    assert_eq!(
        noted,
        [
            ("preset.deleted", None),
            ("preset.updated", Some("Größe")),
            ("preset.created", Some("GRÖSSE 名前")),
            ("preset.created", Some("Größe 名前")),
        ]
    );
    for n in 1..PRESETS_MAX {
        let one = preset(&kit, &format!("{n}"), &json!({}));
        assert_eq!(store.insert_preset(&one).await.unwrap(), Ok(()));
    }
    let refused = store.insert_preset(&taken).await.unwrap();
    assert_eq!(refused, Err(PresetRefusal::Full));
}
