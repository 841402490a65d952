-- Why: the inbox. Telegram forgets an update as soon as the next getUpdates confirms it, so each one is committed
-- here first, and is done only in the transaction that also stores its answer. What is not done survives anything.

CREATE TABLE updates (
    seq BIGSERIAL PRIMARY KEY,
    bot_id BIGINT NOT NULL,
    update_id BIGINT NOT NULL,
    chat_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    message_id BIGINT,
    -- text, not jsonb: jsonb refuses \u0000 and lone surrogates, and a refused update would be a lost one
    payload TEXT,
    received_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    attempts INTEGER NOT NULL DEFAULT 0,
    retries INTEGER NOT NULL DEFAULT 0,
    not_before TIMESTAMPTZ,
    done_at TIMESTAMPTZ,
    turn_id BIGINT,
    CONSTRAINT updates_telegram_id UNIQUE (bot_id, update_id),
    CONSTRAINT updates_tombstone CHECK ((done_at IS NULL) = (payload IS NOT NULL))
);

-- the oldest waiting update of a lane, and the lanes that wait at all
CREATE INDEX idx_updates_waiting ON updates (bot_id, chat_id, user_id, seq) WHERE done_at IS NULL;

COMMENT ON TABLE updates IS 'The inbox: every update of Telegram that asks for an answer, until and after it got one.';
COMMENT ON COLUMN updates.seq IS 'The order in which updates are answered within a dialogue.';
COMMENT ON COLUMN updates.bot_id IS 'Telegram id of the bot that received it.';
COMMENT ON COLUMN updates.update_id IS 'Telegram''s number of the update; comes back one day for another message.';
COMMENT ON COLUMN updates.chat_id IS 'Telegram id of the chat.';
COMMENT ON COLUMN updates.user_id IS 'Telegram id of the person.';
COMMENT ON COLUMN updates.kind IS 'Kind of the update, as Telegram names it.';
COMMENT ON COLUMN updates.message_id IS 'Telegram''s id of the message in it: by this an edit finds its question.';
COMMENT ON COLUMN updates.payload IS 'The update as received (JSON); emptied once done.';
COMMENT ON COLUMN updates.received_at IS 'When it was taken in.';
COMMENT ON COLUMN updates.attempts IS 'Attempts to answer it that ended in a crash.';
COMMENT ON COLUMN updates.retries IS 'Model calls for it that failed in passing and were put off.';
COMMENT ON COLUMN updates.not_before IS 'When the next attempt may begin; NULL = at once.';
COMMENT ON COLUMN updates.done_at IS
    'When it was answered. The row then stays as a tombstone, so that a repeated delivery is recognised.';
COMMENT ON COLUMN updates.turn_id IS
    'The turn that answered it (turns.id), if one did; several updates may be one question.';
