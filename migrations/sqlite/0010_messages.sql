-- Links on their way to people, by email and by text message.

-- One link for one person by one channel; kept as the record of what was sent.
CREATE TABLE messages (
    id TEXT NOT NULL PRIMARY KEY,
    -- 'link', 'invitation' or 'reminder'
    kind TEXT NOT NULL,
    link_id TEXT NOT NULL,
    -- The campaign it belongs to, if any: such a mail can be unsubscribed from.
    campaign_id TEXT,
    channel TEXT NOT NULL CHECK (channel IN ('email', 'sms')),
    -- An email address or a phone number in E.164, and what the person is called; null once erased.
    recipient TEXT,
    recipient_name TEXT,
    -- The words' language; null: the default.
    language TEXT,
    -- 'delivered': the provider says that it has arrived, which of an email nobody does; 'stopped': it was taken back, for
    -- the link is over or the person has unsubscribed.
    status TEXT NOT NULL CHECK (status IN ('pending', 'sent', 'delivered', 'failed', 'stopped')),
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    -- Since when it is tried: when it was asked for, or asked for again.
    queued_at INTEGER NOT NULL,
    -- Null once it is sent or given up.
    next_attempt_at INTEGER,
    -- While it is being sent: until when nobody else may.
    leased_until INTEGER,
    sent_at INTEGER,
    ended_at INTEGER,
    -- What the provider calls it.
    provider_id TEXT,
    -- Why it was not sent, in words without the recipient.
    error TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_due ON messages (channel, next_attempt_at, id) WHERE status = 'pending';
CREATE INDEX messages_link ON messages (link_id, id);
CREATE INDEX messages_campaign ON messages (campaign_id, id) WHERE campaign_id IS NOT NULL;
CREATE INDEX messages_ended ON messages (ended_at) WHERE recipient IS NOT NULL AND ended_at IS NOT NULL;
CREATE INDEX messages_provider ON messages (provider_id) WHERE provider_id IS NOT NULL;

-- Words of messages that were changed here, by channel and language, as one JSON object.
CREATE TABLE message_words (
    channel TEXT NOT NULL,
    language TEXT NOT NULL,
    words TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (channel, language)
) STRICT, WITHOUT ROWID;

-- Who wants no more campaigns' mails: keyed digests of addresses.
CREATE TABLE unsubscribed (
    digest TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How many messages were handed to a channel lately, by the second: the bound on sends a minute, for all nodes together.
CREATE TABLE message_pace (
    channel TEXT NOT NULL,
    at INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    PRIMARY KEY (channel, at)
) STRICT, WITHOUT ROWID;
