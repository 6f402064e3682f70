-- Clicks give the events that they write their places themselves, in the statement that records them and under the same lock
-- as whoever gives places afterwards. A sequence, as that statement sees the table as it was before it waited for the lock.
CREATE SEQUENCE event_places;
SELECT setval('event_places', COALESCE(MAX(position), 0) + 1, FALSE) FROM events;
