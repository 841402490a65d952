CREATE INDEX CONCURRENTLY idx_reply_parts_unsent ON reply_parts (bot_id, chat_id, user_id, id) WHERE state = 'unsent';
