-- Why: a model that sums up a dialogue may notice what its person said about themself. The bot asks whether to remember it, and
-- keeps it as a fact only after their yes. What was asked stays, so that nobody is asked the same again.

CREATE TABLE fact_proposals (
    id BIGSERIAL PRIMARY KEY,
    bot_id BIGINT NOT NULL,
    chat_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    thread_id BIGINT,
    content TEXT NOT NULL CHECK (length(content) BETWEEN 1 AND 300),
    message_id BIGINT,
    proposed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    kept BOOLEAN
);

CREATE INDEX idx_fact_proposals_user ON fact_proposals (user_id, proposed_at);

COMMENT ON TABLE fact_proposals IS 'Facts that a model proposed and the bot asked about, each by its person''s decision.';
COMMENT ON COLUMN fact_proposals.id IS 'Unique number of the proposal.';
COMMENT ON COLUMN fact_proposals.bot_id IS 'Telegram id of the bot.';
COMMENT ON COLUMN fact_proposals.chat_id IS 'Telegram id of the private chat where it was said and asked about.';
COMMENT ON COLUMN fact_proposals.user_id IS 'Telegram id of the person.';
COMMENT ON COLUMN fact_proposals.thread_id IS 'Topic of the chat where it was said (message_thread_id); NULL outside topics.';
COMMENT ON COLUMN fact_proposals.content IS 'The fact, on one line, at most 300 characters.';
COMMENT ON COLUMN fact_proposals.message_id IS 'Telegram''s id of the message that said it; NULL where it is not known.';
COMMENT ON COLUMN fact_proposals.proposed_at IS 'When the question about it was stored.';
COMMENT ON COLUMN fact_proposals.kept IS 'Whether its person wants it to be remembered; NULL = no answer yet.';
