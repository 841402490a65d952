CREATE INDEX CONCURRENTLY idx_turns_dialogue ON turns (bot_id, user_id, chat_id, id);
