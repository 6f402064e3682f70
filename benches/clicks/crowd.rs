//! A busy gateway's database, for `dashboard`: names in several scripts, a hot link, all states, a year of sessions. Made once a
//! day by SQL, as the overview tells of today.
//!
//! Each statement is run over numbers `i`; what stands in braces and `$3` to `$5` is told in `seed`.

use std::path::{Path, PathBuf};

use ::entrypass::clock::Clock;
use ::entrypass::domain::id::PersonId;
use ::entrypass::domain::password::hash_password;
use ::entrypass::domain::person::{Person, Role};
use ::entrypass::domain::secret::Secret;
use ::entrypass::domain::timestamp::{DAY_MS, Timestamp};
use ::entrypass::store::Store;

use crate::seed::{self, HEAD_START_MS, SPAN_MS};
use crate::{Bench, Outcome};

/// Who looks at the pages.
pub const EMAIL: &str = "bench@example.com";
pub const PASSWORD: &str = "plum tractor seldom";

/// One in ten each is off, expired, used up or unlimited. The first is the hot one.
const LINKS: &str = "INSERT INTO links (id, slug, name, name_folded, usage_kind, usage_limit, used, expires_at, flow, confirm, resume, accept_ref,
    token, created_at, last_used_at, deactivated_at, exhausted_at, exhausted_told_at, expired_told_at)
SELECT {id}, printf('past-%d', i), printf('%s %d', name, i), printf('%s %d', folded, i),
    CASE i % 10 WHEN 0 THEN 'unlimited' WHEN 3 THEN 'multi' ELSE iif(i % 2, 'single', 'multi') END,
    CASE i % 10 WHEN 0 THEN NULL WHEN 3 THEN 5 ELSE iif(i % 2, 1, 1000) END,
    CASE i % 10 WHEN 0 THEN 10000 WHEN 3 THEN 5 ELSE iif(i % 2, 0, 10) END,
    CASE WHEN i % 10 = 2 THEN {at} + 2592000000 WHEN i % 1000 = 4 THEN {now} + 86400000 END,
    'document_and_selfie', i % 2, 0, 0, '{\"country\":[\"DE\",\"AT\"],\"documents\":[\"PASSPORT\",\"ID_CARD\"],\"checkAml\":true}',
    {at}, {at}, iif(i % 10 = 1, {at} + 60000, NULL), iif(i % 10 = 3, {at} + 60000, NULL), iif(i % 10 = 3, {at} + 60000, NULL),
    iif(i % 10 = 2, {at} + 2592000000, NULL)
FROM n JOIN (SELECT column1 AS k, column2 AS name, column3 AS folded FROM (VALUES
    (0, 'Berlin fair', 'berlin fair'), (1, 'Größe', 'größe'), (2, 'Αθήνα', 'αθήνα'), (3, 'Ярмарка', 'ярмарка'),
    (4, '北京展会', '北京展会'), (5, 'งานแสดงสินค้า', 'งานแสดงสินค้า'), (6, 'मेला', 'मेला'), (7, 'Onboarding', 'onboarding')
)) ON k = i % 8";

/// One in ten of the hot link. A few are under way, now and from long ago.
const SESSIONS: &str = "INSERT INTO sessions (id, link_id, client_id, own_client_id, scan_ref, external_ref, flow, language, via, status, is_final,
    result, failure, created_at, finished_at, token_expires_at)
SELECT {id}, (SELECT id FROM links WHERE slug = printf('past-%d', iif(i % 10, i * 7919 % $5, 0))),
    iif(i % 3, NULL, printf('customer-%d', i % 20000)), iif(i % 3, {id}, NULL), iif(state = 'failed', NULL, {scan_ref}),
    iif(i % 5, NULL, printf('order-%d', i)), 'document_and_selfie', 'en', iif(i % 3, NULL, 'qr'), state,
    state NOT IN ('active', 'reviewing', 'failed'),
    iif(state IN ('active', 'failed'), NULL, '{\"fraud\":[],\"mismatch\":[],\"auto_document\":\"DOC_VALIDATED\",'
        || '\"auto_face\":\"FACE_MATCH\",\"manual_document\":\"DOC_VALIDATED\",\"manual_face\":\"FACE_MATCH\"}'),
    iif(state = 'failed', 'timeout', NULL), {at}, iif(state IN ('active', 'reviewing'), NULL, {at} + 90000), {at} + 3600000
FROM (SELECT i, CASE
    WHEN i % 50000 = 49999 OR i > $3 - 200 AND i % 7 = 0 THEN 'active'
    WHEN i % 100 < 60 THEN 'approved' WHEN i % 100 < 80 THEN 'denied' WHEN i % 100 < 85 THEN 'suspected'
    WHEN i % 100 < 93 THEN 'expired' WHEN i % 100 < 96 THEN 'failed' WHEN i % 100 < 97 THEN iif(i > $3 - $3 / 50, 'reviewing', 'approved')
    WHEN i % 100 < 98 THEN 'cancelled' ELSE 'deleted' END AS state FROM n)";

/// Of each of the last 60 days, those of a tenth of the links.
const IGNORED: &str = "INSERT INTO ignored_requests (link_id, day, reason, requests)
SELECT (SELECT id FROM links WHERE slug = printf('past-%d', i % ($3 / 60) * 10)), {now} / 86400000 - i / ($3 / 60) % 60,
    iif(i % 2, 'preview', 'head'), 1 + i % 7
FROM n WHERE TRUE ON CONFLICT DO NOTHING";

/// As the gateway leaves it: walked past are all that began two hours ago, and asked about those without a result.
const MARK: &str =
    "INSERT INTO settings (name, value) SELECT 'asked_up_to', MAX(id) FROM sessions WHERE id < $1";
const QUESTIONS: &str = "INSERT INTO questions (session_id, ask_at, is_orphan)
 SELECT id, $2, 0 FROM sessions WHERE status IN ('active', 'reviewing') AND id < $1";

/// The file with so many links and sessions in it, and a person who may look at them.
pub async fn database(bench: &Bench, links: u64, sessions: u64) -> Outcome<PathBuf> {
    let now = Clock::system().now();
    let name = format!("crowd-{links}-{sessions}");
    let made = async |file: &Path| {
        if links > 0 {
            fill(file, i64::try_from(links)?, i64::try_from(sessions)?, now).await?;
        }
        let store = Store::open(&format!("sqlite://{}", file.display())).await?;
        let person = Person {
            id: PersonId::new(Clock::system().uuid()),
            email: EMAIL.to_owned(),
            name: "Bench".to_owned(),
            role: Role::Administrator,
            has_second_factor: false,
            created_at: now,
            last_login_at: None,
        };
        let hash = hash_password(&Secret::new(PASSWORD));
        let kept = store.insert_person(&person, Some(&hash)).await?;
        store.close().await;
        // What is copied is the one file: nothing may be left beside it.
        sqlx::Connection::close(seed::open(file).await?).await?;
        kept.map_err(|why| format!("the person is not kept: {why:?}").into())
    };
    seed::kept(
        bench,
        &name,
        "benches/clicks/crowd.rs",
        now.day() / DAY_MS,
        made,
    )
    .await
}

async fn fill(file: &Path, links: i64, sessions: i64, now: Timestamp) -> Outcome<()> {
    let mut connection = seed::open(file).await?;
    let first = now.millis() - SPAN_MS;
    let with_now = |sql: &str| sql.replace("{now}", &now.millis().to_string());
    let head_start = first - HEAD_START_MS;
    seed::rows(&mut connection, &with_now(LINKS), links, head_start, links).await?;
    seed::sessions(&mut connection, SESSIONS, sessions, first, links).await?;
    seed::rows(&mut connection, &with_now(IGNORED), links * 6, first, links).await?;
    for sql in [MARK, QUESTIONS] {
        sqlx::query(sql)
            .bind(now.plus_millis(-2 * 3_600_000).id_prefix())
            .bind(now.millis() + DAY_MS)
            .execute(&mut connection)
            .await?;
    }
    Ok(sqlx::Connection::close(connection).await?)
}
