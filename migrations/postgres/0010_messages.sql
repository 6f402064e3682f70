-- Links on their way to people, by email and by text message.

-- One link for one person by one channel; kept as the record of what was sent.
CREATE TABLE messages (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- 'link', 'invitation' or 'reminder'
    kind TEXT COLLATE "C" NOT NULL,
    link_id TEXT COLLATE "C" NOT NULL,
    -- The campaign it belongs to, if any: such a mail can be unsubscribed from.
    campaign_id TEXT COLLATE "C",
    channel TEXT COLLATE "C" NOT NULL CHECK (channel IN ('email', 'sms')),
    -- An email address or a phone number in E.164, and what the person is called; null once erased.
    recipient TEXT COLLATE "C",
    recipient_name TEXT COLLATE "C",
    -- The words' language; null: the default.
    language TEXT COLLATE "C",
    -- 'delivered': the provider says that it has arrived, which of an email nobody does; 'stopped': it was taken back, for
    -- the link is over or the person has unsubscribed.
    status TEXT COLLATE "C" NOT NULL CHECK (status IN ('pending', 'sent', 'delivered', 'failed', 'stopped')),
    attempts BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    -- Since when it is tried: when it was asked for, or asked for again.
    queued_at BIGINT NOT NULL,
    -- Null once it is sent or given up.
    next_attempt_at BIGINT,
    -- While it is being sent: until when nobody else may.
    leased_until BIGINT,
    sent_at BIGINT,
    ended_at BIGINT,
    -- What the provider calls it.
    provider_id TEXT COLLATE "C",
    -- Why it was not sent, in words without the recipient.
    error TEXT COLLATE "C"
);
CREATE INDEX messages_due ON messages (channel, next_attempt_at, id) WHERE status = 'pending';
CREATE INDEX messages_link ON messages (link_id, id);
CREATE INDEX messages_campaign ON messages (campaign_id, id) WHERE campaign_id IS NOT NULL;
CREATE INDEX messages_ended ON messages (ended_at) WHERE recipient IS NOT NULL AND ended_at IS NOT NULL;
CREATE INDEX messages_provider ON messages (provider_id) WHERE provider_id IS NOT NULL;

-- Words of messages that were changed here, by channel and language, as one JSON object.
CREATE TABLE message_words (
    channel TEXT COLLATE "C" NOT NULL,
    language TEXT COLLATE "C" NOT NULL,
    words TEXT COLLATE "C" NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (channel, language)
);

-- Who wants no more campaigns' mails: keyed digests of addresses.
CREATE TABLE unsubscribed (
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
);

-- How many messages were handed to a channel lately, by the second: the bound on sends a minute, for all nodes together.
CREATE TABLE message_pace (
    channel TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    PRIMARY KEY (channel, at)
);
