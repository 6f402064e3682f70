-- What came of sessions: told to listeners and endpoints, asked again at iDenfy, erased; and who did what.

-- What happened, oldest first. Written in the transaction of the change it tells of.
CREATE TABLE events (
    -- The place in the order in which everyone is told.
    position INTEGER NOT NULL PRIMARY KEY,
    -- The order of writing: the same here, where there is one writer.
    seq INTEGER GENERATED ALWAYS AS (position) VIRTUAL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    at INTEGER NOT NULL,
    session_id TEXT,
    link_id TEXT,
    endpoint_id TEXT,
    -- What there is to tell beside the session, the link or the endpoint: of a session what it showed then, as one
    -- JSON object without personal data; null where it was just started.
    detail TEXT
) STRICT;

-- Addresses of the customer's that results are sent to.
CREATE TABLE endpoints (
    id TEXT NOT NULL PRIMARY KEY,
    url TEXT NOT NULL,
    -- Names of event types parted by spaces.
    events TEXT NOT NULL,
    payload TEXT NOT NULL CHECK (payload IN ('verdict', 'full')),
    secret TEXT NOT NULL,
    -- The secret before the last change, which signs too until its time is over.
    previous_secret TEXT,
    previous_until INTEGER,
    -- Up to which event deliveries have been made of it.
    handed_to INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    -- Since when every attempt failed; null while it works.
    failing_since INTEGER,
    disabled_at INTEGER,
    -- Why it was switched off.
    disabled_reason TEXT,
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;

-- One event for one endpoint.
CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    endpoint_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    -- Deliveries about one session to one endpoint go in order.
    session_id TEXT,
    status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    -- How many pauses of the schedule are behind it, and how often one was cut short.
    pauses INTEGER NOT NULL DEFAULT 0,
    cut_short INTEGER NOT NULL DEFAULT 0,
    -- Null once it is delivered or given up.
    next_attempt_at INTEGER,
    -- Before which the endpoint asked not to be tried again.
    not_before INTEGER,
    -- While it is being sent: until when nobody else may.
    leased_until INTEGER,
    ended_at INTEGER,
    UNIQUE (endpoint_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (endpoint_id, next_attempt_at, position) WHERE status = 'pending';
-- The ended ones too: what endpoints answered may repeat what is to be erased.
CREATE INDEX deliveries_session ON deliveries (session_id, endpoint_id, position) WHERE session_id IS NOT NULL;
CREATE INDEX deliveries_endpoint ON deliveries (endpoint_id, id);
CREATE INDEX deliveries_event ON deliveries (event_id);
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE ended_at IS NOT NULL;

-- Each time a delivery was tried.
CREATE TABLE delivery_attempts (
    delivery_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    -- The HTTP status that was answered; null where none was.
    status INTEGER,
    duration_ms INTEGER NOT NULL,
    -- Why it failed.
    error TEXT,
    -- The first 1 KiB of what was answered.
    response TEXT,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

-- iDenfy's own bodies, for the endpoints that ask for them; gone once they have them or were given up.
CREATE TABLE idenfy_bodies (
    event_id TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Sessions about which iDenfy is to be asked, as nothing final was told in time.
CREATE TABLE questions (
    session_id TEXT NOT NULL PRIMARY KEY,
    ask_at INTEGER NOT NULL,
    asked INTEGER NOT NULL DEFAULT 0,
    -- Of a session that failed here and may have been started there all the same: not urgent.
    is_orphan INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX questions_due ON questions (is_orphan, ask_at);

-- Scans that iDenfy is to delete, until it has.
CREATE TABLE erasures (
    scan_ref TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL,
    ask_at INTEGER NOT NULL,
    asked INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX erasures_due ON erasures (ask_at);

-- Who did what to which object, when and from where. Only ever added to.
CREATE TABLE audit_log (
    id TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    -- 'key', 'person', 'command' or 'system'
    actor_kind TEXT NOT NULL,
    actor_id TEXT,
    actor_name TEXT,
    action TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id TEXT,
    address TEXT,
    detail TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_log_object ON audit_log (object_id, id);
CREATE TRIGGER audit_log_is_not_changed BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_log_is_not_shortened BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;

-- Sessions whose personal data has a time, by when it began; those that ended without a result, by their ids.
CREATE INDEX sessions_finished ON sessions (finished_at) WHERE finished_at IS NOT NULL AND erased_at IS NULL;
CREATE INDEX sessions_failed ON sessions (id) WHERE status = 'failed' AND erased_at IS NULL;

-- Whose session an event is about is known, or it is none of ours: the reference would only outlive its erasure.
ALTER TABLE idenfy_events DROP COLUMN scan_ref;

-- When it was told that a link is over.
ALTER TABLE links ADD COLUMN exhausted_told_at INTEGER;
-- When the last use was spent, first or again. Indexed in place of `used`, which changes with each click.
ALTER TABLE links ADD COLUMN exhausted_at INTEGER;
ALTER TABLE links ADD COLUMN expired_told_at INTEGER;
CREATE INDEX links_to_tell_exhausted ON links (exhausted_at)
    WHERE exhausted_at IS NOT NULL AND exhausted_told_at IS NULL AND deactivated_at IS NULL AND deleted_at IS NULL;
CREATE INDEX links_to_tell_expired ON links (expires_at)
    WHERE expires_at IS NOT NULL AND expired_told_at IS NULL AND deactivated_at IS NULL AND deleted_at IS NULL;

-- For statistics by link and day. Clicks pay for neither but where they name their channel.
CREATE INDEX sessions_link_status ON sessions (link_id, status, id)
    WHERE link_id IS NOT NULL AND status NOT IN ('starting', 'active');
CREATE INDEX sessions_link_via ON sessions (link_id, via, id) WHERE link_id IS NOT NULL AND via IS NOT NULL;

-- For lists by outcome. Of the states that clicks pass through there is none, so that no click pays for it. Made after
-- that of a link's states: where two seem equal, SQLite takes the one that was made first.
CREATE INDEX sessions_status ON sessions (status, id) WHERE status NOT IN ('starting', 'active');
