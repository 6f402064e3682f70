-- For lists of links by name. Clicks do not pay for it: a name changes only when somebody changes it.
-- In the order of the bytes, as SQLite has it.
ALTER TABLE links ALTER COLUMN name_folded TYPE TEXT COLLATE "C";
CREATE INDEX links_name ON links (name_folded, id) WHERE deleted_at IS NULL;
