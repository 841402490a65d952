-- Why: with ALLOWED_USERS or ALLOWED_CHATS somebody else who writes to the bot reads one sentence a day and silence
-- otherwise, in all chats together and over a restart. A row of its own, and not the sentence in reply_parts: its key
-- lets only one of two messages that are answered at the same time say the sentence.

CREATE TABLE strangers (
    bot_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    told_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (bot_id, user_id)
);

COMMENT ON TABLE strangers IS 'Who may not use the bot and was told so within the last day; swept daily.';
COMMENT ON COLUMN strangers.bot_id IS 'Telegram id of the bot that told it.';
COMMENT ON COLUMN strangers.user_id IS 'Telegram id of the person.';
COMMENT ON COLUMN strangers.told_at IS 'When the person was told so.';
