DROP VIEW live_messages;

CREATE VIEW live_messages AS
SELECT id, user_id, chat_id, role, content, message_length, created_at
FROM messages
WHERE deleted_at IS NULL;

COMMENT ON VIEW live_messages IS 'What people and the model said and nobody cleared.';
COMMENT ON COLUMN live_messages.id IS 'Unique number of the message (messages.id).';
COMMENT ON COLUMN live_messages.user_id IS 'Telegram id of the person the dialogue belongs to.';
COMMENT ON COLUMN live_messages.chat_id IS 'Telegram id of the chat the dialogue takes place in.';
COMMENT ON COLUMN live_messages.role IS 'Who wrote it: ''user'' or ''assistant''.';
COMMENT ON COLUMN live_messages.content IS 'The text, as written.';
COMMENT ON COLUMN live_messages.message_length IS 'Length of the text in characters.';
COMMENT ON COLUMN live_messages.created_at IS 'As in messages, by the server''s clock and time zone.';
