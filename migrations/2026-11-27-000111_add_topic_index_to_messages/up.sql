-- Why: each question reads the newest live messages of one topic. This index has them in reading order, as
-- idx_messages_dialogue has those of a chat: by that one, a person's first question in a topic would read everything that
-- the person said in all others. The topic is in it as COALESCE(thread_id, 0), for NULL, the root, equals nothing.
--
-- Built CONCURRENTLY, so that nobody waits for it, and without IF NOT EXISTS, as idx_messages_history is.

CREATE INDEX CONCURRENTLY idx_messages_topic
    ON messages (user_id, chat_id, COALESCE(thread_id, 0), (-id))
    WHERE deleted_at IS NULL;
