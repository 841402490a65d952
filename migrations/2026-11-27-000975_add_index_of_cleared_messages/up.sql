-- Why: the console shows a dialogue with what was cleared in it, page by page, and which dialogues there are. idx_messages_topic
-- has what is live; this one has the rest in the same order, so that neither reads more rows than it shows. A message that is
-- stored pays nothing for it: only a clearing does.
--
-- Built CONCURRENTLY, so that nobody waits for it.

CREATE INDEX CONCURRENTLY idx_messages_cleared
    ON messages (user_id, chat_id, COALESCE(thread_id, 0), (-id))
    WHERE deleted_at IS NOT NULL;
