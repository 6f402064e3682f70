-- Named sets of a link's options, to make links from. Links keep plain values and know nothing of these.
CREATE TABLE presets (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- The name as it is compared: without regard to case.
    name_folded TEXT NOT NULL UNIQUE,
    -- The options that are set, as one JSON object in the words of the API.
    options TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
