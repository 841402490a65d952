-- Why: the last question of a dialogue, which can be answered again, is the last one of its topic.

ALTER TABLE turns ADD COLUMN thread_id BIGINT;

COMMENT ON COLUMN turns.thread_id IS 'Telegram id of the topic (message_thread_id); NULL outside topics.';
