-- Why: when a group becomes a supergroup, the parts of its replies get the new id too, sent ones as well, as its messages
-- do (idx_messages_group), and without this index the whole table is read for them.
--
-- Built CONCURRENTLY, so that nobody waits for it, and without IF NOT EXISTS, as idx_messages_history is.

CREATE INDEX CONCURRENTLY idx_reply_parts_group ON reply_parts (chat_id) WHERE chat_id < 0;
