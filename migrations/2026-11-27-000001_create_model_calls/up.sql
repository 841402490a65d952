-- Why: `turns` knows the figures of the call that answered. What failed, was cut off or stopped costs money too, and so
-- will calls that are no answer. Here is a row for each call that may cost, whoever made it and however it ended.
--
-- No foreign keys: the ledger outlives what the calls were for. An erasure takes the person out of it, and leaves the cost.

CREATE TABLE model_calls (
    id BIGSERIAL PRIMARY KEY,
    bot_id BIGINT NOT NULL,
    update_seq BIGINT,
    user_id BIGINT,
    chat_id BIGINT,
    purpose TEXT NOT NULL CHECK (purpose IN ('answer', 'transcript', 'speech', 'summary', 'title')),
    endpoint TEXT NOT NULL,
    model TEXT NOT NULL,
    answered_by TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('answered', 'cut', 'stopped', 'refused', 'failed')),
    failure TEXT,
    prompt_tokens INTEGER,
    cached_tokens INTEGER,
    completion_tokens INTEGER,
    thinking_tokens INTEGER,
    cost NUMERIC,
    cost_source TEXT CHECK (cost_source IN ('endpoint', 'price')),
    first_token_ms INTEGER,
    duration_ms INTEGER NOT NULL,
    called_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT model_calls_failure CHECK ((outcome IN ('failed', 'refused')) = (failure IS NOT NULL)),
    CONSTRAINT model_calls_cost CHECK ((cost IS NULL) = (cost_source IS NULL) AND cost >= 0)
);

CREATE INDEX idx_model_calls_time ON model_calls (called_at);
CREATE INDEX idx_model_calls_user ON model_calls (user_id, called_at);

COMMENT ON TABLE model_calls IS 'The ledger: every call of a model that may cost, answered or not.';
COMMENT ON COLUMN model_calls.id IS 'Unique number of the call.';
COMMENT ON COLUMN model_calls.bot_id IS 'Telegram id of the bot that made it.';
COMMENT ON COLUMN model_calls.update_seq IS
    'The update it was made for (updates.seq, turns.update_seq); NULL for none, and after an erasure.';
COMMENT ON COLUMN model_calls.user_id IS 'Telegram id of the person who asked; NULL after an erasure.';
COMMENT ON COLUMN model_calls.chat_id IS 'Telegram id of the chat at the time; NULL after an erasure.';
COMMENT ON COLUMN model_calls.purpose IS 'What it was for: answer, transcript, speech, summary or title.';
COMMENT ON COLUMN model_calls.endpoint IS 'Who was asked: the host of the endpoint.';
COMMENT ON COLUMN model_calls.model IS 'The model that was asked.';
COMMENT ON COLUMN model_calls.answered_by IS 'The model that answered, as the endpoint names it; NULL where it did not.';
COMMENT ON COLUMN model_calls.outcome IS
    'answered, cut at the limit of tokens, stopped by the person, refused by the model, or failed.';
COMMENT ON COLUMN model_calls.failure IS 'Class of the failure; NULL unless failed or refused.';
COMMENT ON COLUMN model_calls.prompt_tokens IS 'Tokens read, as the endpoint counted them.';
COMMENT ON COLUMN model_calls.cached_tokens IS 'Those of them that came from the endpoint''s cache.';
COMMENT ON COLUMN model_calls.completion_tokens IS 'Tokens written, thoughts among them, as the endpoint counted them.';
COMMENT ON COLUMN model_calls.thinking_tokens IS 'Those of them that were thoughts.';
COMMENT ON COLUMN model_calls.cost IS 'US dollars; NULL where it is not known.';
COMMENT ON COLUMN model_calls.cost_source IS
    'Where the cost is from: the endpoint, or the price of the model and its tokens; NULL where it is not known.';
COMMENT ON COLUMN model_calls.first_token_ms IS 'Milliseconds from the call to its first token; NULL where none came.';
COMMENT ON COLUMN model_calls.duration_ms IS 'Milliseconds from the call to its end.';
COMMENT ON COLUMN model_calls.called_at IS 'When the call was made.';
