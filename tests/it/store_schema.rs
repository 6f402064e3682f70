//! Both engines keep the same, and the conformance tests leave nothing of the store out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use entrypass::store::Store;
use entrypass::store::steps::Progress;
use libtest_mimic::Trial;
use sqlx::{Connection as _, PgConnection};

use crate::harness::{Context, Engine, on_engine, plain};

/// The tests of this area.
pub fn tests() -> Vec<Trial> {
    let mut trials = vec![
        plain(
            "store_schema",
            "every_public_method_of_the_store_is_called_by_the_conformance_tests",
            every_public_method_of_the_store_is_called_by_the_conformance_tests,
        ),
        plain(
            "store_schema",
            "migrations_have_equal_names_on_both_engines",
            migrations_have_equal_names_on_both_engines,
        ),
    ];
    // Needs both.
    on_engine(
        &mut trials,
        Engine::Postgres,
        "store_schema",
        "both_engines_have_equal_tables_and_columns",
        |context| Box::pin(both_engines_have_equal_tables_and_columns(context)),
    );
    on_engine(
        &mut trials,
        Engine::Postgres,
        "store_schema",
        "each_step_to_the_schema_of_today_is_told_once",
        |context| Box::pin(each_step_to_the_schema_of_today_is_told_once(context)),
    );
    on_engine(
        &mut trials,
        Engine::Postgres,
        "store_schema",
        "ids_are_compared_by_their_bytes_wherever_they_are_kept",
        |context| {
            Box::pin(ids_are_compared_by_their_bytes_wherever_they_are_kept(
                context,
            ))
        },
    );
    trials
}

/// An index in another order than that of the id it is looked up for is of no use.
async fn ids_are_compared_by_their_bytes_wherever_they_are_kept(context: Context) {
    let database = context.engine.database().await;
    Store::open(&database.url).await.unwrap().close().await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let others: Vec<String> = sqlx::query_scalar(
        "SELECT table_name || '.' || column_name FROM information_schema.columns
         WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'
           AND column_name ~ '^((campaign|delivery|endpoint|event|link|person|session)_)?id$'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert_eq!(others, [""; 0]);
}

async fn each_step_to_the_schema_of_today_is_told_once(_: Context) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let database = engine.database().await;
        let told = Mutex::new(Vec::new());
        let tell = |progress| told.lock().unwrap().push(progress);
        let store = Store::open_telling(&database.url, &tell).await.unwrap();
        {
            let told = told.lock().unwrap();
            assert!(told.len() > 10);
            assert_eq!(told[0], Progress::Ahead(told.len() - 1));
            let numbers = told[1..].iter().map(|progress| match progress {
                Progress::Taken { number, name, .. } if !name.is_empty() => *number,
                other => panic!("{other:?}"),
            });
            assert!(numbers.is_sorted_by(|one, next| one < next));
        }
        store.close().await;
        told.lock().unwrap().clear();
        let store = Store::open_telling(&database.url, &tell).await.unwrap();
        assert_eq!(*told.lock().unwrap(), []);
        store.close().await;
    }
}

async fn both_engines_have_equal_tables_and_columns(_: Context) {
    let mut schemas = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let database = engine.database().await;
        let store = Store::open(&database.url).await.unwrap();
        schemas.push(store.columns().await.unwrap());
        store.close().await;
    }
    let has = |table: &str, column: &str| schemas[0].contains(&(table.into(), column.into()));
    assert!(has("links", "usage_limit") && has("sessions", "scan_ref"));
    assert_eq!(schemas[0], schemas[1]);
}

fn migrations_have_equal_names_on_both_engines() {
    let names = |engine: &str| -> BTreeSet<String> {
        std::fs::read_dir(root().join("migrations").join(engine))
            .expect("a folder")
            .map(|entry| {
                let name = entry.expect("an entry").file_name();
                name.into_string().expect("text")
            })
            .collect()
    };
    assert!(!names("sqlite").is_empty());
    assert_eq!(names("sqlite"), names("postgres"));
}

fn every_public_method_of_the_store_is_called_by_the_conformance_tests() {
    let methods: BTreeSet<String> = sources(&root().join("src/store"))
        .iter()
        .flat_map(|source| public_methods(source))
        .collect();
    for known in ["open", "reserve", "insert_links", "apply", "close"] {
        assert!(methods.contains(known), "{known} is not found any more");
    }
    let tests: String = std::fs::read_dir(root().join("tests/it"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|n| n.to_string_lossy().starts_with("store_"))
        })
        .map(|path| std::fs::read_to_string(path).expect("text"))
        .collect();
    let tests: String = tests.split_whitespace().collect();
    let forgotten: Vec<&String> = methods
        .iter()
        .filter(|name| {
            ["store.", "again.", "copy.", "Store::"]
                .iter()
                .all(|of| !tests.contains(&format!("{of}{name}(")))
        })
        .collect();
    assert!(
        forgotten.is_empty(),
        "call these methods of Store in tests/it/store_*.rs: {forgotten:?}"
    );
}

/// Names of the public methods in `impl Store` blocks, which rustfmt lets begin and end at a line's start.
fn public_methods(source: &str) -> Vec<String> {
    let mut methods = Vec::new();
    let mut inside = false;
    for line in source.lines() {
        match line {
            "impl Store {" | "impl super::Store {" | "impl crate::store::Store {" => inside = true,
            "}" => inside = false,
            _ if inside => {
                let Some(rest) = line.strip_prefix("    pub ") else {
                    continue;
                };
                let rest = rest
                    .trim_start_matches("const ")
                    .trim_start_matches("async ");
                if let Some(rest) = rest.strip_prefix("fn ") {
                    let end = rest.find(['(', '<']).expect("a signature");
                    methods.push(rest[..end].to_owned());
                }
            }
            _ => {}
        }
    }
    methods
}

/// The Rust sources below a folder.
fn sources(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            all.push(std::fs::read_to_string(path).expect("text"));
        }
    }
    all
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
