-- People who are invited, one link each, and the campaigns they are invited in.

CREATE TABLE campaigns (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL UNIQUE,
    -- How many invitations it has; none is ever taken away from it.
    invited BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    -- When its people were reminded last.
    reminded_at BIGINT
);

-- One person's invitation. Its id is that of its link, which is made with it: neither is there without the other.
CREATE TABLE invitations (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    campaign_id TEXT COLLATE "C",
    -- How it is sent; null: it is handed over otherwise.
    channel TEXT COLLATE "C" CHECK (channel IN ('email', 'sms')),
    -- Personal data, null once erased.
    client_id TEXT COLLATE "C",
    name TEXT COLLATE "C",
    email TEXT COLLATE "C",
    phone TEXT COLLATE "C",
    -- What it is searched by: name, addresses and clientId in lower case.
    searched TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    -- When a person was first shown the page with the button.
    opened_at BIGINT,
    erased_at BIGINT
);
CREATE INDEX invitations_campaign ON invitations (campaign_id, id) WHERE campaign_id IS NOT NULL;
CREATE INDEX invitations_client ON invitations (client_id, id) WHERE client_id IS NOT NULL;
