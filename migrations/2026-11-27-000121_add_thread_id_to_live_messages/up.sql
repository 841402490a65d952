-- Why: whoever reads dialogues in psql wants to tell the topics of a chat apart.

CREATE OR REPLACE VIEW live_messages AS
SELECT id, user_id, chat_id, role, content, message_length, created_at, thread_id
FROM messages
WHERE deleted_at IS NULL;

COMMENT ON COLUMN live_messages.thread_id IS 'Telegram id of the topic; NULL outside topics.';
