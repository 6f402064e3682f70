-- Mails that came back, channels by which nothing can be sent, and answers that hold personal data.

-- When a mail came back that its server had taken at first; 'failed' then.
ALTER TABLE messages ADD COLUMN bounced_at BIGINT;

-- A channel whose server or account takes nothing, whoever it is for: nothing is sent by it until the pause is over.
CREATE TABLE channel_faults (
    channel TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (channel IN ('email', 'sms')),
    -- In words.
    reason TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,
    -- How many pauses it has had, and when this one ends.
    pauses BIGINT NOT NULL,
    until BIGINT NOT NULL
);

-- The link of the person whom a kept answer tells of: it is forgotten when that person is.
ALTER TABLE idempotency ADD COLUMN link_id TEXT COLLATE "C";
CREATE INDEX idempotency_link ON idempotency (link_id) WHERE link_id IS NOT NULL;
