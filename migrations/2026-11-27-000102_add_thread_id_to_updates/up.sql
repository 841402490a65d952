-- Why: the lane of an update is a topic now: two topics of a chat are answered at the same time, each in its own order.
-- What waits already stays in the lane of the root; its payload tells the topic that the answer goes to.

ALTER TABLE updates ADD COLUMN thread_id BIGINT;

COMMENT ON COLUMN updates.thread_id IS 'Telegram id of the topic (message_thread_id); NULL outside topics.';
