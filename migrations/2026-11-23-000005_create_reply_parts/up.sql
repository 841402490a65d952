-- Why: the outbox. A reply is stored in the transaction that finishes its update and sent from here afterwards, so
-- that a crash between the two neither loses it nor asks the model twice. Each part is marked as soon as Telegram
-- took it, so that a restart sends only what is missing.

CREATE TABLE reply_parts (
    id BIGSERIAL PRIMARY KEY,
    bot_id BIGINT NOT NULL,
    chat_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    update_seq BIGINT NOT NULL,
    turn_id BIGINT REFERENCES turns ON DELETE CASCADE,
    position INTEGER NOT NULL,
    op TEXT NOT NULL CHECK (op IN ('send', 'edit', 'delete', 'document')),
    form TEXT CHECK (form IN ('text', 'rich')),
    thread_id BIGINT,
    reply_to BIGINT,
    payload TEXT,
    state TEXT NOT NULL DEFAULT 'unsent' CHECK (state IN ('unsent', 'sent', 'abandoned')),
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before TIMESTAMPTZ,
    message_id BIGINT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    settled_at TIMESTAMPTZ,
    CONSTRAINT reply_parts_settled CHECK ((state = 'unsent') = (payload IS NOT NULL AND settled_at IS NULL))
);

-- what a lane has still to send, in order
CREATE INDEX idx_reply_parts_unsent ON reply_parts (bot_id, chat_id, user_id, id) WHERE state = 'unsent';
CREATE INDEX idx_reply_parts_turn ON reply_parts (turn_id);

COMMENT ON TABLE reply_parts IS 'The outbox: each Telegram message of each reply, and whether it was sent.';
COMMENT ON COLUMN reply_parts.id IS 'Unique number of the part; a lane sends its parts in this order.';
COMMENT ON COLUMN reply_parts.bot_id IS 'Telegram id of the bot that sends it.';
COMMENT ON COLUMN reply_parts.chat_id IS 'Telegram id of the chat it goes to.';
COMMENT ON COLUMN reply_parts.user_id IS 'Telegram id of the person it answers.';
COMMENT ON COLUMN reply_parts.update_seq IS 'The update it answers (updates.seq).';
COMMENT ON COLUMN reply_parts.turn_id IS 'The turn it belongs to; NULL for what is not an answer of the model.';
COMMENT ON COLUMN reply_parts.position IS 'Place within the reply, from 0.';
COMMENT ON COLUMN reply_parts.op IS 'What to do: send a message, edit or delete message_id, send a document.';
COMMENT ON COLUMN reply_parts.form IS 'How the message is built, which decides how it can be edited; NULL for others.';
COMMENT ON COLUMN reply_parts.thread_id IS 'Topic of the chat (message_thread_id); NULL outside topics.';
COMMENT ON COLUMN reply_parts.reply_to IS 'Message it replies to; NULL for none.';
COMMENT ON COLUMN reply_parts.payload IS
    'The message and the simpler forms that take its place if Telegram refuses it (JSON); emptied once settled.';
COMMENT ON COLUMN reply_parts.state IS 'unsent, sent, or abandoned (Telegram refuses it for good).';
COMMENT ON COLUMN reply_parts.attempts IS 'Calls that failed so far.';
COMMENT ON COLUMN reply_parts.not_before IS 'When the next call may be made (429, backoff); NULL = at once.';
COMMENT ON COLUMN reply_parts.message_id IS 'Telegram''s id of the message: sent as, or to edit or delete.';
COMMENT ON COLUMN reply_parts.created_at IS 'When the reply was stored.';
COMMENT ON COLUMN reply_parts.settled_at IS 'When it was sent or abandoned.';
