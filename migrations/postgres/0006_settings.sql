-- People who sign in by an identity provider, and what the pages of the settings look for.

-- Whom the provider means. These people have no password.
CREATE TABLE identities (
    issuer TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    person_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_person ON identities (person_id);

-- Of an endpoint's deliveries those that were given up, which are few.
CREATE INDEX deliveries_failed ON deliveries (endpoint_id, id) WHERE status = 'failed';

-- The audit log by what was done, by whom, and by what kind of actor.
CREATE INDEX audit_log_action ON audit_log (action, id);
CREATE INDEX audit_log_actor ON audit_log (actor_id, id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_log_kind ON audit_log (actor_kind, id);
