-- Ids are compared by their bytes wherever they are kept: an index in the order of another language finds nothing for a row that has its
-- id compared so, and sessions were read from end to end for each invitation that had none.
DROP VIEW link_sessions_new;
DROP VIEW link_sessions;
ALTER TABLE sessions ALTER COLUMN link_id TYPE TEXT COLLATE "C";
ALTER TABLE events ALTER COLUMN link_id TYPE TEXT COLLATE "C";
ALTER TABLE holds ALTER COLUMN session_id TYPE TEXT COLLATE "C";
ALTER TABLE idenfy_events ALTER COLUMN session_id TYPE TEXT COLLATE "C";
ALTER TABLE ignored_requests ALTER COLUMN link_id TYPE TEXT COLLATE "C";
CREATE VIEW link_sessions AS SELECT link_id, id AS session_id, via FROM sessions WHERE link_id IS NOT NULL;
CREATE VIEW link_sessions_new AS
SELECT CAST(0 AS BIGINT) AS place, link_id, session_id, via FROM link_sessions WHERE FALSE;
-- What is known of how often each value comes is forgotten with a column's type.
ANALYZE sessions (link_id);
ANALYZE events (link_id);
ANALYZE holds (session_id);
ANALYZE idenfy_events (session_id);
ANALYZE ignored_requests (link_id);
