//! What the conformance tests of the store share.

use entrypass::clock::Clock;
use entrypass::domain::flow::Flow;
use entrypass::domain::id::{EventId, LinkId, SessionId};
use entrypass::domain::link::{Link, LinkTerms};
use entrypass::domain::locale::Locale;
use entrypass::domain::session::Session;
use entrypass::domain::slug::Slug;
use entrypass::domain::timestamp::Timestamp;
use entrypass::domain::token_options::TokenOptions;
use entrypass::domain::usage::Usage;
use entrypass::store::Store;
use entrypass::store::ledger::{Client, Hold, NewSession, Record, Refund, Reserved};

use crate::harness::engine::Database;
use crate::harness::gateway::START;
use crate::harness::{BOUND, Context, eventually};

/// How long a session may stay `starting`, in milliseconds.
pub const LEASE_MS: i64 = 20_000;

/// How long iDenfy's token can be opened, in milliseconds.
pub const TOKEN_MS: i64 = 3_600_000;

/// A store on an empty database, and a clock that stands still.
pub struct Kit {
    pub store: Store,
    pub clock: Clock,
    pub database: Database,
}

impl Kit {
    pub async fn open(context: &Context) -> Self {
        let database = context.engine.database().await;
        Self {
            store: Store::open(&database.url).await.expect("a store"),
            clock: Clock::fixed(Timestamp::parse(START).expect("a time")),
            database,
        }
    }

    /// Closes the store; PostgreSQL has counted what its connections read and wrote then, which it does when they end.
    pub async fn close_and_count(&self) {
        self.store.close().await;
        let others = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
                      AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
        eventually(BOUND, "all connections have ended", async || {
            self.database.numbers(others).await == [0]
        })
        .await;
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A link that nothing keeps yet.
    pub fn new_link(&self, usage: Usage) -> Link {
        Link {
            terms: LinkTerms {
                id: LinkId::new(self.clock.uuid()),
                slug: Slug::generate(),
                usage,
                expires_at: None,
                language: None,
                flow: Flow::Document,
                confirm: false,
                resume: false,
                accept_ref: false,
                signed: false,
                token: TokenOptions::default(),
                created_at: self.now(),
            },
            name: "A link".into(),
            inactive_message: None,
            signing_secret: None,
            used: 0,
            last_used_at: None,
            deactivated_at: None,
            deleted_at: None,
        }
    }

    /// A link that is kept.
    pub async fn keep(&self, link: Link) -> Link {
        let kept = self.store.insert_links(std::slice::from_ref(&link)).await;
        assert_eq!(kept.expect("a database"), Ok(()));
        link
    }

    /// A kept link of that usage.
    pub async fn keep_new(&self, usage: Usage) -> Link {
        self.keep(self.new_link(usage)).await
    }

    /// A session of a link, not reserved yet.
    pub fn session_of(&self, link: Option<&Link>) -> NewSession {
        let id = SessionId::new(self.clock.uuid());
        NewSession {
            id,
            link_id: link.map(|link| link.terms.id),
            unlimited: link.is_some_and(|link| link.terms.usage.limit().is_none()),
            client: Client::Own(id.fresh_client_id()),
            external_ref: None,
            flow: Flow::Document,
            language: Locale::parse("de").expect("a language"),
            via: None,
            created_at: self.now(),
            lease_until: self.now().plus_millis(LEASE_MS),
        }
    }

    /// Spends a use; the session it started.
    pub async fn spend(&self, link: &Link) -> NewSession {
        let session = self.session_of(Some(link));
        assert_eq!(self.try_reserve(&session, &[]).await, Reserved::Granted);
        session
    }

    pub async fn try_reserve(&self, session: &NewSession, holds: &[Hold]) -> Reserved {
        let reserved = self.store.reserve(session.clone(), holds.to_vec()).await;
        reserved.expect("a database")
    }

    pub async fn read(&self, id: SessionId) -> Session {
        let session = self.store.session(id).await.expect("a database");
        session.expect("a session")
    }

    /// Uses spent of a link.
    pub async fn used(&self, link: &Link) -> i64 {
        let link = self.store.link(link.terms.id).await.expect("a database");
        link.expect("a link").used
    }

    /// Sessions of a link that were not given back.
    pub async fn not_failed(&self, link: &Link) -> i64 {
        let id = link.terms.id;
        let sql =
            format!("SELECT COUNT(*) FROM sessions WHERE link_id = '{id}' AND status <> 'failed'");
        self.database.numbers(&sql).await[0]
    }

    /// What iDenfy answered for a session.
    pub fn answer_for(&self, session: &NewSession, holds: &[Hold]) -> Record {
        Record {
            id: session.id,
            event_id: EventId::new(self.clock.uuid()),
            at: self.now(),
            scan_ref: Some(format!("scan-{}", session.id)),
            redirect_url: Some(format!("https://ivs.idenfy.com/{}", session.id)),
            token_expires_at: self.now().plus_millis(TOKEN_MS),
            holds: holds.to_vec(),
        }
    }
}

/// Gives a session's use back.
pub fn back(session: &NewSession, holds: &[Hold]) -> Refund {
    Refund {
        id: session.id,
        failure: "timeout",
        holds: holds.to_vec(),
    }
}
