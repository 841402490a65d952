-- Why: whoever wants no announcements says so with one button, whether an owner or a list lets them use the bot.

CREATE TABLE unsubscribed (
    bot_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    since TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (bot_id, user_id)
);

COMMENT ON TABLE unsubscribed IS 'Who wants no announcements.';
COMMENT ON COLUMN unsubscribed.bot_id IS 'Telegram id of the bot.';
COMMENT ON COLUMN unsubscribed.user_id IS 'Telegram id of the person.';
COMMENT ON COLUMN unsubscribed.since IS 'Since when.';
