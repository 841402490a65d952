-- Why: an operator comes into the console by a link that works once, for five minutes. It is made by one process, a command or
-- the bot, and used in another, so the database has to know it.
--
-- Only a keyed hash of the code is stored: neither the database nor a backup opens the console.

CREATE TABLE console_codes (
    bot_id BIGINT NOT NULL,
    tag BYTEA NOT NULL,
    owner BIGINT,
    made_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (bot_id, tag)
);

COMMENT ON TABLE console_codes IS 'Codes of links into the console; gone once used.';
COMMENT ON COLUMN console_codes.bot_id IS 'Telegram id of the bot.';
COMMENT ON COLUMN console_codes.tag IS 'HMAC-SHA256 of the code with a key made of the bot''s token.';
COMMENT ON COLUMN console_codes.owner IS 'Telegram id of the owner who asked for the link; NULL for the command line.';
COMMENT ON COLUMN console_codes.made_at IS 'When it was made; it is good for five minutes.';
