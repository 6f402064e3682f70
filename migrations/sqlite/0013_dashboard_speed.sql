-- So that links are searched and narrowed to a state without a look at each of them. All that is looked at is in the
-- indexes, and nothing that a click writes: of links that are used up it is written when that is told.
CREATE INDEX links_found ON links (id, name_folded, slug, deactivated_at, expires_at, exhausted_told_at)
    WHERE deleted_at IS NULL;
DROP INDEX links_name;
CREATE INDEX links_name ON links (name_folded, id, slug, deactivated_at, expires_at, exhausted_told_at)
    WHERE deleted_at IS NULL;

-- Sessions that were erased before they were over: nobody asks about them any more. Clicks pay for none of these.
CREATE INDEX sessions_erased_open ON sessions (id) WHERE erased_at IS NOT NULL AND status IN ('starting', 'active');
