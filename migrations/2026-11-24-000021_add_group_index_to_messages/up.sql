-- Why: when a group becomes a supergroup, all its messages get the new id, while nobody's updates are taken in. They are
-- of many people, so no index that leads with the person finds them: without this one the whole table is read, or a whole
-- index of it. Telegram's ids of groups are negative; a message of a private dialogue has no entry here and costs nothing.
--
-- Built CONCURRENTLY, so that nobody waits for it, and without IF NOT EXISTS, as idx_messages_history is.

CREATE INDEX CONCURRENTLY idx_messages_group ON messages (chat_id) WHERE chat_id < 0;
