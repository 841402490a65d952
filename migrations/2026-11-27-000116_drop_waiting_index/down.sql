CREATE INDEX CONCURRENTLY idx_updates_waiting ON updates (bot_id, chat_id, user_id, seq) WHERE done_at IS NULL;
