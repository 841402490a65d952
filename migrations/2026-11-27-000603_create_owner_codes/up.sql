-- Why: a bot without an owner is claimed with a code that only who starts it sees. The code has to hold over a restart, for
-- every process that works on the database, and no longer than an hour or five wrong tries, whoever counts them.
--
-- Only a keyed hash of it is stored: neither the database nor a backup tells the code.

CREATE TABLE owner_codes (
    bot_id BIGINT NOT NULL,
    tag BYTEA NOT NULL,
    wrong_tries INTEGER NOT NULL DEFAULT 0,
    made_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (bot_id, tag)
);

COMMENT ON TABLE owner_codes IS 'Codes by which somebody becomes the owner of the bot with /claim; gone once used.';
COMMENT ON COLUMN owner_codes.bot_id IS 'Telegram id of the bot.';
COMMENT ON COLUMN owner_codes.tag IS 'HMAC-SHA256 of the code with a key made of the bot''s token.';
COMMENT ON COLUMN owner_codes.wrong_tries IS 'How often somebody sent another code while this one was good.';
COMMENT ON COLUMN owner_codes.made_at IS 'When it was made; it is good for an hour.';
