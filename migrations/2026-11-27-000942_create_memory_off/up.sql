-- Why: who wants the bot to remember nothing says so once, and the facts stay for whoever changes their mind.

CREATE TABLE memory_off (
    bot_id BIGINT NOT NULL,
    chat_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    since TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (bot_id, chat_id, user_id)
);

CREATE INDEX idx_memory_off_user ON memory_off (user_id);

COMMENT ON TABLE memory_off IS 'Who turned the memory off in which chat: facts and recall. No row = it is on.';
COMMENT ON COLUMN memory_off.bot_id IS 'Telegram id of the bot.';
COMMENT ON COLUMN memory_off.chat_id IS 'Telegram id of the chat.';
COMMENT ON COLUMN memory_off.user_id IS 'Telegram id of the person.';
COMMENT ON COLUMN memory_off.since IS 'When the person turned it off.';
