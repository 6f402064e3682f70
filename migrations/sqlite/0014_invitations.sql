-- People who are invited, one link each, and the campaigns they are invited in.

CREATE TABLE campaigns (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL UNIQUE,
    -- How many invitations it has; none is ever taken away from it.
    invited INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    -- When its people were reminded last.
    reminded_at INTEGER
) STRICT, WITHOUT ROWID;

-- One person's invitation. Its id is that of its link, which is made with it: neither is there without the other.
CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    campaign_id TEXT,
    -- How it is sent; null: it is handed over otherwise.
    channel TEXT CHECK (channel IN ('email', 'sms')),
    -- Personal data, null once erased.
    client_id TEXT,
    name TEXT,
    email TEXT,
    phone TEXT,
    -- What it is searched by: name, addresses and clientId in lower case.
    searched TEXT,
    created_at INTEGER NOT NULL,
    -- When a person was first shown the page with the button.
    opened_at INTEGER,
    erased_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_campaign ON invitations (campaign_id, id) WHERE campaign_id IS NOT NULL;
CREATE INDEX invitations_client ON invitations (client_id, id) WHERE client_id IS NOT NULL;
