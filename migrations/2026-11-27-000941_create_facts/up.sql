-- Why: what people ask the bot to remember outlives the window of the dialogue: the model reads it before every question, until
-- its person deletes it. It stands beside `messages`, because it is no part of a dialogue: /clear does not touch it.
--
-- A fact holds in the chat where it was told: in a private chat that is the person's own, in a group it is of the person in
-- that group. A fact that is deleted stays, because answers of the past were given with it.

CREATE TABLE facts (
    id BIGSERIAL PRIMARY KEY,
    bot_id BIGINT NOT NULL,
    chat_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    content TEXT NOT NULL CHECK (length(content) BETWEEN 1 AND 300),
    message_id BIGINT,
    thread_id BIGINT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    deleted_at TIMESTAMPTZ
);

CREATE INDEX idx_facts_chat ON facts (bot_id, chat_id, user_id, id);
CREATE INDEX idx_facts_user ON facts (user_id);

COMMENT ON TABLE facts IS 'What people asked the bot to remember, each by its person in one chat.';
COMMENT ON COLUMN facts.id IS 'Unique number of the fact; in this order the model reads them.';
COMMENT ON COLUMN facts.bot_id IS 'Telegram id of the bot.';
COMMENT ON COLUMN facts.chat_id IS 'Telegram id of the chat where it was told and where it holds; of a private chat that is the person''s.';
COMMENT ON COLUMN facts.user_id IS 'Telegram id of the person.';
COMMENT ON COLUMN facts.content IS 'The person''s own words, on one line, at most 300 characters.';
COMMENT ON COLUMN facts.message_id IS 'Telegram''s id of the message that said it; NULL where the chat has another id since.';
COMMENT ON COLUMN facts.thread_id IS 'Topic of the chat where it was told (message_thread_id); NULL outside topics.';
COMMENT ON COLUMN facts.created_at IS 'When it was told.';
COMMENT ON COLUMN facts.deleted_at IS 'When its person deleted or changed it; NULL = the model reads it.';
