-- Why: the oldest waiting update of a lane is found without a look at what waits in the other topics of the chat.
--
-- Built CONCURRENTLY, so that nobody waits for it, and without IF NOT EXISTS, as idx_messages_history is.

CREATE INDEX CONCURRENTLY idx_updates_topic ON updates (bot_id, chat_id, user_id, COALESCE(thread_id, 0), seq)
    WHERE done_at IS NULL;
