-- Links, their sessions, and what keeps a session from being started twice.
-- Ids are UUIDv7 as text, times are milliseconds since the epoch, JSON is text.

CREATE TABLE links (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- The name as it is searched: put in lower case by the gateway, for SQLite knows the case of ASCII alone.
    name_folded TEXT NOT NULL,
    usage_kind TEXT NOT NULL CHECK (usage_kind IN ('single', 'multi', 'unlimited')),
    usage_limit BIGINT,
    used BIGINT NOT NULL DEFAULT 0,
    -- How many uses the latest commit that asked for any was granted, and which commit that was: so the next
    -- statement of the same commit can tell whom it was granted to.
    granted BIGINT NOT NULL DEFAULT 0,
    granted_in BIGINT NOT NULL DEFAULT 0,
    expires_at BIGINT,
    language TEXT,
    flow TEXT NOT NULL,
    confirm BOOLEAN NOT NULL,
    resume BOOLEAN NOT NULL,
    accept_ref BOOLEAN NOT NULL,
    inactive_message TEXT,
    token TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    deactivated_at BIGINT,
    deleted_at BIGINT,
    CHECK (used >= 0 AND (usage_limit IS NULL OR used <= usage_limit)),
    CHECK ((usage_kind = 'unlimited') = (usage_limit IS NULL))
) WITH (fillfactor = 50); -- room for updates in place of a hot row

-- No foreign key to links: they are never removed, and the check would be paid by every click.
CREATE TABLE sessions (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    link_id TEXT,
    -- The clientId where it is fixed, and where it was made for this session: of the latter the first 48 bits are
    -- the id's too, so that it is found by the primary key and needs no index. Null once erased.
    client_id TEXT,
    own_client_id TEXT,
    scan_ref TEXT,
    external_ref TEXT,
    flow TEXT NOT NULL,
    language TEXT NOT NULL,
    via TEXT,
    status TEXT NOT NULL,
    is_final BOOLEAN NOT NULL DEFAULT FALSE,
    provisional TEXT,
    -- iDenfy's tags and checks as one JSON object, null until there are any.
    result TEXT,
    -- Why no session was started.
    failure TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    erased_at BIGINT,
    -- While `starting`: when the process that spent the use has certainly given up.
    lease_until BIGINT,
    -- Filled while `starting`, so that what is recorded later finds room in the row's page and does not split it.
    room TEXT,
    -- Where the visitor was sent: a bearer secret, kept only where it may be needed again and while the token is valid.
    redirect_url TEXT,
    token_expires_at BIGINT
);

CREATE INDEX sessions_link ON sessions (link_id, id) WHERE link_id IS NOT NULL;
CREATE INDEX sessions_client ON sessions (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX sessions_scan_ref ON sessions (scan_ref) WHERE scan_ref IS NOT NULL;
CREATE INDEX sessions_redirect ON sessions (token_expires_at) WHERE redirect_url IS NOT NULL;
CREATE INDEX sessions_starting ON sessions (lease_until) WHERE lease_until IS NOT NULL;

-- At most one session at a time under one key: a fixed clientId, or one rendering of a confirm page.
CREATE TABLE holds (
    hold_key TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL,
    held_until BIGINT NOT NULL
);
CREATE INDEX holds_until ON holds (held_until);
CREATE INDEX holds_session ON holds (session_id);

-- Requests for a link's URL that spent nothing, counted by UTC day and reason.
CREATE TABLE ignored_requests (
    link_id TEXT NOT NULL,
    day BIGINT NOT NULL,
    reason TEXT NOT NULL,
    requests BIGINT NOT NULL,
    PRIMARY KEY (link_id, day, reason)
);

-- Events of iDenfy's, kept to tell a repeat from news; no personal data, and of our own sessions no reference that
-- would outlive their erasure.
CREATE TABLE idenfy_events (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    scan_ref TEXT,
    event_type TEXT NOT NULL,
    body_digest TEXT NOT NULL,
    session_id TEXT,
    received_at BIGINT NOT NULL,
    UNIQUE (body_digest, event_type)
);
CREATE INDEX idenfy_events_session ON idenfy_events (session_id, id);

CREATE TABLE api_keys (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- SHA-256 of the key in hex; the key itself is random enough to need no slow hash.
    digest TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    -- Scope names parted by spaces.
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE idempotency (
    key_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    -- Keyed digest of method, path and body.
    fingerprint TEXT NOT NULL,
    -- The id of what the request makes, so that taking over from a process that died makes nothing twice.
    resource_id TEXT NOT NULL,
    -- The answer, sealed with a key that only the caller's API key yields; null while the request runs.
    answer TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (key_id, idempotency_key)
);
CREATE INDEX idempotency_created ON idempotency (created_at);

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- SQLite's name for the rows of a JSON array, so that statements over many rows are written once for both engines.
CREATE FUNCTION json_each(rows TEXT) RETURNS TABLE (value JSONB)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT jsonb_array_elements(rows::jsonb)';
