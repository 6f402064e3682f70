-- Which sessions each link has, as SQLite keeps it: here its index has all of them at once.
CREATE VIEW link_sessions AS SELECT link_id, id AS session_id, via FROM sessions WHERE link_id IS NOT NULL;
CREATE VIEW link_sessions_new AS
SELECT CAST(0 AS BIGINT) AS place, link_id, session_id, via FROM link_sessions WHERE FALSE;
