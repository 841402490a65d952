-- Why: the model reads the newest turns of a dialogue. What falls out of this window is summed up, so that it is not forgotten,
-- and the summary stands beside the messages: it is made from them, and anew when they change.
--
-- A summary that is not in force any more stays, for the turns that read it. It goes with the oldest message that it is about.

CREATE TABLE summaries (
    id BIGSERIAL PRIMARY KEY,
    bot_id BIGINT NOT NULL,
    chat_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    thread_id BIGINT NOT NULL DEFAULT 0,
    first_id BIGINT NOT NULL,
    last_id BIGINT NOT NULL,
    follows BIGINT,
    prompt_id BYTEA,
    content TEXT NOT NULL,
    model TEXT,
    made_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    replaced_at TIMESTAMPTZ
);

CREATE INDEX idx_summaries_dialogue ON summaries (user_id, chat_id, thread_id, bot_id, id DESC) WHERE replaced_at IS NULL;
CREATE INDEX idx_summaries_user ON summaries (user_id);
CREATE INDEX idx_summaries_first ON summaries (first_id);
CREATE INDEX idx_summaries_group ON summaries (chat_id) WHERE chat_id < 0;

COMMENT ON TABLE summaries IS 'Summaries of what dialogues were about before the part that the model reads word by word.';
COMMENT ON COLUMN summaries.id IS 'Unique number of the summary.';
COMMENT ON COLUMN summaries.bot_id IS 'Telegram id of the bot.';
COMMENT ON COLUMN summaries.chat_id IS 'Telegram id of the chat.';
COMMENT ON COLUMN summaries.user_id IS 'Telegram id of the person.';
COMMENT ON COLUMN summaries.thread_id IS 'Topic of the chat; 0 = none.';
COMMENT ON COLUMN summaries.first_id IS 'The oldest message that it is about (messages.id).';
COMMENT ON COLUMN summaries.last_id IS 'The newest message that it is about (messages.id).';
COMMENT ON COLUMN summaries.follows IS 'The summary of what was before, which was summed up with it (summaries.id); NULL for none.';
COMMENT ON COLUMN summaries.prompt_id IS 'The instructions of the role for which it was made (prompts.id); NULL for none.';
COMMENT ON COLUMN summaries.content IS 'The text.';
COMMENT ON COLUMN summaries.model IS 'The model that wrote it, as the endpoint names it; NULL where it does not.';
COMMENT ON COLUMN summaries.made_at IS 'When it was made.';
COMMENT ON COLUMN summaries.replaced_at IS
    'When another one took its place, or what it is about was changed; NULL while it is in force.';
