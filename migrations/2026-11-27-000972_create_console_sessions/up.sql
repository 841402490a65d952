-- Why: who came into the console stays in it over a restart of the bot, until twelve hours without a look at it, and whoever is in
-- it can see and end every session.
--
-- Only a keyed hash of what the browser holds is stored: neither the database nor a backup opens the console.

CREATE TABLE console_sessions (
    id BIGSERIAL PRIMARY KEY,
    bot_id BIGINT NOT NULL,
    tag BYTEA NOT NULL UNIQUE,
    owner BIGINT,
    browser TEXT NOT NULL,
    made_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    used_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);

COMMENT ON TABLE console_sessions IS 'Who is in the console; gone once ended.';
COMMENT ON COLUMN console_sessions.id IS 'Unique number of the session.';
COMMENT ON COLUMN console_sessions.bot_id IS 'Telegram id of the bot.';
COMMENT ON COLUMN console_sessions.tag IS 'HMAC-SHA256 of the cookie with a key made of the bot''s token.';
COMMENT ON COLUMN console_sessions.owner IS 'Telegram id of the owner whose link it began with; NULL for one of the command line.';
COMMENT ON COLUMN console_sessions.browser IS 'How the browser calls itself, the first 200 characters.';
COMMENT ON COLUMN console_sessions.made_at IS 'When it began.';
COMMENT ON COLUMN console_sessions.used_at IS 'When a page was last looked at, to the minute; twelve hours later it is over.';
