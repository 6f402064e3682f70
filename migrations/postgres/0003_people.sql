-- People who use the dashboard, and the browsers they are signed in with.

CREATE TABLE people (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    -- The email as it is compared: put in lower case by the gateway.
    email_folded TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'editor', 'admin')),
    -- Argon2id in PHC form; null where no password was ever set.
    password_hash TEXT,
    -- The secret of the second factor in base 32; null where there is none.
    totp_secret TEXT,
    -- The last step whose code was taken: a code is taken once.
    totp_step BIGINT,
    -- Wrong codes since the last right one.
    wrong_codes BIGINT NOT NULL DEFAULT 0,
    -- When a refused sign-in was last noted.
    refused_at BIGINT,
    created_at BIGINT NOT NULL,
    last_login_at BIGINT
);

-- What opens the door once where the second factor is lost. SHA-256 in hex: the codes are random enough.
CREATE TABLE recovery_codes (
    person_id TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (person_id, digest)
);

-- Who has given the password and owes a code. Nothing that the database holds stands in for the password.
CREATE TABLE begun_sign_ins (
    -- SHA-256 of the cookie's text in hex.
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person_id TEXT COLLATE "C" NOT NULL,
    -- That of the password that was given: another one makes this worthless.
    password_hash TEXT NOT NULL,
    ends_at BIGINT NOT NULL,
    wrong_codes BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX begun_sign_ins_person ON begun_sign_ins (person_id);
CREATE INDEX begun_sign_ins_ends ON begun_sign_ins (ends_at);

CREATE TABLE browser_sessions (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- SHA-256 of the cookie's text in hex.
    digest TEXT COLLATE "C" NOT NULL UNIQUE,
    person_id TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    -- To the minute.
    last_seen_at BIGINT NOT NULL,
    -- When it ends however much it is used.
    ends_at BIGINT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL
);
CREATE INDEX browser_sessions_person ON browser_sessions (person_id, id);
CREATE INDEX browser_sessions_ends ON browser_sessions (ends_at);

-- Addresses at which the first administrator can be made, while there is nobody.
CREATE TABLE setup_tokens (
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    ends_at BIGINT NOT NULL
);
