-- Links whose visitors a site of the operator's sends on with signed parameters.

-- What those are signed with. Null: not such a link; empty: such a link that was deleted.
ALTER TABLE links ADD COLUMN signing_secret TEXT;
