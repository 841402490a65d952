CREATE INDEX CONCURRENTLY idx_messages_dialogue
    ON messages (user_id, chat_id, (-id))
    WHERE deleted_at IS NULL;
