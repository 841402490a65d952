-- Why: each topic of a chat is a dialogue of its own, so a message has to say in which one it was said. What is there
-- already stays in the root, and the predecessor, who names the columns that he writes, goes on beside the new one.
--
-- IF NOT EXISTS: a dump of `messages` (pg_dump -t) brings the column along.

ALTER TABLE messages ADD COLUMN IF NOT EXISTS thread_id BIGINT NULL;

COMMENT ON COLUMN messages.thread_id IS
    'Telegram id of the topic (message_thread_id); NULL outside topics, and for what was said before they were told apart.';
