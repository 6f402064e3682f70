-- Which sessions each link has, in the order of their ids: no index of the table itself any more, as with each click on another
-- link one more page of it was written, and a few where one was full. They are noted in the order they come, and put in here
-- many at a time, so that those of one link share its pages. Filled in the order of the indexes that they replace, as
-- nothing is sorted so: it would be in memory.
CREATE TABLE link_sessions (
    link_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    via TEXT,
    PRIMARY KEY (link_id, session_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_sessions_via ON link_sessions (link_id, via, session_id) WHERE via IS NOT NULL;
INSERT INTO link_sessions (link_id, session_id, via)
SELECT link_id, id, via FROM sessions INDEXED BY sessions_link_via WHERE link_id IS NOT NULL AND via IS NOT NULL;
INSERT OR IGNORE INTO link_sessions (link_id, session_id)
SELECT link_id, id FROM sessions INDEXED BY sessions_link WHERE link_id IS NOT NULL;
-- Nobody's data is in them, and what is overwritten is kept in memory until the statement ends.
PRAGMA secure_delete = OFF;
DROP INDEX sessions_link;
DROP INDEX sessions_link_via;
PRAGMA secure_delete = ON;

-- Those that are not in there yet: whoever looks by link looks at both.
CREATE TABLE link_sessions_new (
    place INTEGER NOT NULL PRIMARY KEY,
    link_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    via TEXT
) STRICT;
CREATE TRIGGER sessions_are_noted AFTER INSERT ON sessions WHEN NEW.link_id IS NOT NULL
BEGIN
    INSERT INTO link_sessions_new (link_id, session_id, via) VALUES (NEW.link_id, NEW.id, NEW.via);
END;
