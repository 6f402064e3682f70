-- Links and invitations that are being made, many at once and in several transactions: nobody sees any of them while their
-- ids lie between the two. The row is deleted when all are there.
CREATE TABLE imports (
    first_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    last_id TEXT COLLATE "C" NOT NULL,
    -- Which process is at it.
    owner TEXT COLLATE "C" NOT NULL,
    -- When that process has certainly died: from then on another may make them, or delete what is there of them.
    leased_until BIGINT NOT NULL
);
