-- The deliveries of a session, the ended ones too: what endpoints answered may repeat what is to be erased.
DROP INDEX deliveries_session;
CREATE INDEX deliveries_session ON deliveries (session_id, endpoint_id, position) WHERE session_id IS NOT NULL;
