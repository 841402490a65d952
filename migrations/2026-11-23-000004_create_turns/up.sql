-- Why: `messages` says what was written; a turn says how it went: which answer belongs to which question, whether
-- it failed or was replaced (the prompt leaves those out), which model answered, at what cost.
--
-- The foreign keys lock `messages` only for the moment the empty table is created.

CREATE TABLE turns (
    id BIGSERIAL PRIMARY KEY,
    bot_id BIGINT NOT NULL,
    update_seq BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    chat_id BIGINT NOT NULL,
    question_id INTEGER NOT NULL REFERENCES messages ON DELETE CASCADE,
    answer_id INTEGER REFERENCES messages ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('answered', 'stopped', 'failed', 'refused')),
    failure TEXT,
    superseded_by BIGINT REFERENCES turns ON DELETE SET NULL,
    model TEXT,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    first_token_ms INTEGER,
    duration_ms INTEGER,
    finish_reason TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT turns_failure CHECK ((state IN ('failed', 'refused')) = (failure IS NOT NULL))
);

CREATE INDEX idx_turns_question ON turns (question_id);
CREATE INDEX idx_turns_answer ON turns (answer_id);
CREATE INDEX idx_turns_superseded_by ON turns (superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX idx_turns_dialogue ON turns (bot_id, user_id, chat_id, id);

COMMENT ON TABLE turns IS 'One question and what became of it.';
COMMENT ON COLUMN turns.id IS 'Unique number of the turn.';
COMMENT ON COLUMN turns.bot_id IS 'Telegram id of the bot that answered.';
COMMENT ON COLUMN turns.update_seq IS 'The update that asked (updates.seq; no foreign key: done updates are swept).';
COMMENT ON COLUMN turns.user_id IS 'Telegram id of the person.';
COMMENT ON COLUMN turns.chat_id IS 'Telegram id of the chat.';
COMMENT ON COLUMN turns.question_id IS 'The question in messages.';
COMMENT ON COLUMN turns.answer_id IS 'The answer in messages; NULL where there is none.';
COMMENT ON COLUMN turns.state IS 'answered, stopped by the person, failed, or refused by the model.';
COMMENT ON COLUMN turns.failure IS 'Class of the failure; NULL unless failed or refused.';
COMMENT ON COLUMN turns.superseded_by IS 'The turn that took this one''s place (edited or repeated question).';
COMMENT ON COLUMN turns.model IS 'The model that answered, as the endpoint names it.';
COMMENT ON COLUMN turns.prompt_tokens IS 'Tokens read, as the endpoint counted them.';
COMMENT ON COLUMN turns.completion_tokens IS 'Tokens written, as the endpoint counted them.';
COMMENT ON COLUMN turns.first_token_ms IS 'Milliseconds from the model call to its first token.';
COMMENT ON COLUMN turns.duration_ms IS 'Milliseconds from the model call to its end.';
COMMENT ON COLUMN turns.finish_reason IS 'Why the model ended, in the endpoint''s word.';
COMMENT ON COLUMN turns.created_at IS 'When the turn was stored.';
