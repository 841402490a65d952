-- Why: who begins a topic in a private chat without naming it leaves the name to the bot (Bot API, ForumTopicCreated). The bot
-- finds one in the first exchange, once, also over a restart, and never over a name that a person gave.
--
-- A topic has a row only while it waits for its title: none that a person named, and none that has its title.

CREATE TABLE topics (
    bot_id BIGINT NOT NULL,
    chat_id BIGINT NOT NULL,
    thread_id BIGINT NOT NULL,
    begun_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    title TEXT,
    PRIMARY KEY (bot_id, chat_id, thread_id)
);

COMMENT ON TABLE topics IS 'Topics of private chats that wait for the bot to name them.';
COMMENT ON COLUMN topics.bot_id IS 'Telegram id of the bot.';
COMMENT ON COLUMN topics.chat_id IS 'Telegram id of the chat, which is that of its person.';
COMMENT ON COLUMN topics.thread_id IS 'Telegram id of the topic.';
COMMENT ON COLUMN topics.begun_at IS 'When it was begun.';
COMMENT ON COLUMN topics.title IS 'The title that was found and that Telegram is to be told; NULL: none yet.';
