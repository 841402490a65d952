-- Why: when a group becomes a supergroup, its turns get the new id too, as its messages do (idx_messages_group), and
-- without this index the whole table is read for them.
--
-- Built CONCURRENTLY, so that nobody waits for it, and without IF NOT EXISTS, as idx_messages_history is.

CREATE INDEX CONCURRENTLY idx_turns_group ON turns (chat_id) WHERE chat_id < 0;
