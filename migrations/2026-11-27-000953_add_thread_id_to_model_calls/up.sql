-- Why: a dialogue is a topic of a chat. What it cost can be told only if each call knows its topic.

ALTER TABLE model_calls ADD COLUMN thread_id BIGINT;
COMMENT ON COLUMN model_calls.thread_id IS
    'Telegram id of the topic (message_thread_id); NULL outside topics, after an erasure, and in older rows.';
