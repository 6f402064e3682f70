-- What the dashboard looks up: sessions by reference, the story of a session, what is about to end.

-- Clicks pay where they bring a reference.
CREATE INDEX sessions_reference ON sessions (external_ref, id) WHERE external_ref IS NOT NULL;

-- What came of a session. Of its start there is none, so that no click pays for it.
CREATE INDEX events_results ON events (session_id, position) WHERE type IN ('session.updated', 'session.finished');
CREATE INDEX deliveries_told ON deliveries (session_id, id) WHERE session_id IS NOT NULL;

-- Of all links together.
CREATE INDEX ignored_requests_day ON ignored_requests (day, reason, requests);

-- Links whose uses may run short; without what changes with each click.
CREATE INDEX links_many_uses ON links (id)
    WHERE usage_limit > 1 AND exhausted_at IS NULL AND deactivated_at IS NULL AND deleted_at IS NULL;
