CREATE INDEX CONCURRENTLY idx_messages_history
    ON messages (user_id, chat_id, created_at DESC, id DESC)
    WHERE deleted_at IS NULL;
