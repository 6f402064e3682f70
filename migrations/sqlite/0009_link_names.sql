-- For lists of links by name. Clicks do not pay for it: a name changes only when somebody changes it.
CREATE INDEX links_name ON links (name_folded, id) WHERE deleted_at IS NULL;
