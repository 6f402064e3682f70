//! A database with a long past, for `stored` (and, by `crowd`, for `dashboard`): filled once by SQL, kept in the data folder,
//! copied for each use.
//!
//! The SQL follows `migrations/sqlite`; when a migration changes, the past is made anew.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use crate::{Bench, Outcome, entrypass, repository};

/// The sessions' times are spread over the year before now; links are a month older than that.
pub const SPAN_MS: i64 = 365 * 24 * 3600 * 1000;
pub const HEAD_START_MS: i64 = 30 * 24 * 3600 * 1000;

/// Rows made by one statement.
const CHUNK: i64 = 500_000;

/// Numbers `$1` to `$2`, the second one not included.
const NUMBERS: &str =
    "WITH RECURSIVE n(i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2)";

/// Links by their number `i` of `$3`; the first was made at `$4`. One in four is limited and used up in part.
const LINKS: &str =
    "INSERT INTO links (id, slug, name, name_folded, usage_kind, usage_limit, used, flow, confirm, resume,
     accept_ref, token, created_at, last_used_at)
 SELECT {id}, printf('past-%d', i), printf('Campaign %d', i), printf('campaign %d', i), iif(i % 4, 'unlimited', 'multi'),
     iif(i % 4, NULL, 1000), 10, 'document_and_selfie', 0, 0, 0, '{}', {at}, {at}
 FROM n";

/// Sessions by their number `i` of `$3`; the first began at `$4`. All are over: nine in ten approved.
const SESSIONS: &str =
    "INSERT INTO sessions (id, link_id, own_client_id, scan_ref, flow, language, via, status, is_final, result,
     created_at, finished_at)
 SELECT {id}, (SELECT id FROM links WHERE slug = printf('past-%d', i * 7919 % $5)),
     {id}, {scan_ref}, 'document_and_selfie', 'en', iif(i % 3, NULL, 'qr'),
     iif(i % 10, 'approved', 'denied'), 1,
     '{\"fraud\":[],\"mismatch\":[],\"auto_document\":\"DOC_VALIDATED\",\"auto_face\":\"FACE_MATCH\",\
\"manual_document\":\"DOC_VALIDATED\",\"manual_face\":\"FACE_MATCH\"}',
     {at}, {at} + 90000
 FROM n";

const FILE: &str = "INSERT INTO link_sessions (link_id, session_id, via)
 SELECT link_id, id, via FROM sessions WHERE link_id IS NOT NULL ORDER BY link_id, id";

/// The time of row `i`: rows are spread evenly over a year from `$4` on.
const AT: &str = "($4 + i * 31536000000 / $3)";

/// A UUID of version 7 of that time.
const ID: &str = "printf('%08x-%04x-7%03x-%04x-%012x', {at} >> 16, {at} & 65535, i & 4095, \
     32768 | (random() & 16383), random() & 281474976710655)";

/// A UUID of version 1 of that time, as iDenfy's scanRefs are.
const SCAN_REF: &str = "printf('%08x-%04x-1%03x-9758-%012x', {ticks} & 4294967295, ({ticks} >> 32) & 65535, \
     ({ticks} >> 48) & 4095, random() & 281474976710655)";
const TICKS: &str = "({at} * 10000 + 122192928000000000)";

/// The file with the past in it, made now unless an earlier run has left it.
pub async fn database(bench: &Bench) -> Outcome<PathBuf> {
    let (links, sessions) = (bench.settings.stored_links, bench.settings.stored_sessions);
    let name = format!("past-{links}-{sessions}");
    let made =
        async |file: &Path| fill(file, i64::try_from(links)?, i64::try_from(sessions)?).await;
    kept(bench, &name, "benches/clicks/seed.rs", 0, made).await
}

/// The database of that name, filled by `make` unless an earlier run has left it, with the same migrations, the same `source`
/// and the same `edition`; others of the name are removed.
pub async fn kept(
    bench: &Bench,
    name: &str,
    source: &str,
    edition: i64,
    make: impl AsyncFnOnce(&Path) -> Outcome<()>,
) -> Outcome<PathBuf> {
    let mut digest = Sha256::new();
    digest.update(edition.to_le_bytes());
    for file in ["migrations/sqlite", source] {
        contents(&repository(file), &mut digest)?;
    }
    let digest = hex::encode(&digest.finalize()[..8]);
    let file = bench.folder.join(format!("{name}-{digest}.db"));
    if file.exists() {
        return Ok(file);
    }
    for entry in std::fs::read_dir(&bench.folder)? {
        let other = entry?.path();
        let of_name = other.file_name().and_then(|file| file.to_str());
        if of_name.is_some_and(|file| file.starts_with(&format!("{name}-"))) {
            std::fs::remove_file(other)?;
        }
    }
    println!("making {name}; it is kept for later runs");
    let unfinished = file.with_extension("unfinished");
    entrypass::migrate(&unfinished).await?;
    make(&unfinished).await?;
    std::fs::File::open(&unfinished)?.sync_all()?;
    std::fs::rename(unfinished, &file)?;
    Ok(file)
}

/// Feeds a file, or the files of a folder in the order of their names, to `digest`.
fn contents(path: &Path, digest: &mut Sha256) -> Outcome<()> {
    if path.is_dir() {
        let entries = std::fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
        let mut files = entries.collect::<Result<Vec<_>, _>>()?;
        files.sort();
        files.iter().try_for_each(|file| contents(file, digest))
    } else {
        digest.update(std::fs::read(path)?);
        Ok(())
    }
}

async fn fill(file: &Path, links: i64, sessions: i64) -> Outcome<()> {
    let mut connection = open(file).await?;
    let first = ::entrypass::clock::Clock::system().now().millis() - SPAN_MS;
    rows(&mut connection, LINKS, links, first - HEAD_START_MS, links).await?;
    self::sessions(&mut connection, SESSIONS, sessions, first, links).await?;
    // No ANALYZE: statistics are left as Entrypass itself keeps them.
    Ok(connection.close().await?)
}

/// Opens a database to be filled. Nothing there must survive a crash: an unfinished file is made anew.
pub async fn open(file: &Path) -> Outcome<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .pragma("cache_size", "-1000000")
        .pragma("temp_store", "memory");
    Ok(options.connect().await?)
}

/// Fills the table of sessions, and files them under their links. To sort indexes afterwards is many times faster.
pub async fn sessions(
    connection: &mut SqliteConnection,
    insert: &str,
    count: i64,
    first_at: i64,
    links: i64,
) -> Outcome<()> {
    let dropped: Vec<(String, String)> = sqlx::query_as(
        "SELECT type || ' ' || name, sql FROM sqlite_schema
         WHERE type IN ('index', 'trigger') AND tbl_name IN ('sessions', 'link_sessions') AND sql IS NOT NULL",
    )
    .fetch_all(&mut *connection)
    .await?;
    for (what, _) in &dropped {
        connection
            .execute(AssertSqlSafe(format!("DROP {what}")))
            .await?;
    }
    rows(connection, insert, count, first_at, links).await?;
    connection.execute(FILE).await?;
    for (_, sql) in dropped {
        connection.execute(AssertSqlSafe(sql)).await?;
    }
    Ok(())
}

/// Runs an INSERT of numbered rows in chunks.
pub async fn rows(
    connection: &mut SqliteConnection,
    insert: &str,
    count: i64,
    first_at: i64,
    links: i64,
) -> Outcome<()> {
    let sql = format!("{NUMBERS} {insert}")
        .replace("{id}", ID)
        .replace("{scan_ref}", SCAN_REF)
        .replace("{ticks}", TICKS)
        .replace("{at}", AT);
    let mut from = 0;
    while from < count {
        let to = count.min(from + CHUNK);
        let query = sqlx::query(AssertSqlSafe(sql.clone()))
            .bind(from)
            .bind(to)
            .bind(count);
        query
            .bind(first_at)
            .bind(links)
            .execute(&mut *connection)
            .await?;
        from = to;
        eprintln!("  {from} of {count} rows");
    }
    Ok(())
}
