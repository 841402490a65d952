-- Why: the last question of a topic is found without a look at those of all other topics of the chat.
--
-- Built CONCURRENTLY, so that nobody waits for it, and without IF NOT EXISTS, as idx_messages_history is.

CREATE INDEX CONCURRENTLY idx_turns_topic ON turns (bot_id, user_id, chat_id, COALESCE(thread_id, 0), id);
