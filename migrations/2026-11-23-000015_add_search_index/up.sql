-- Why: `systech-aidd history search` finds words among millions of messages. This index knows which messages hold a
-- word, so none is read in vain; cleared ones are in it too, for those who search among them.
--
-- Built CONCURRENTLY, so that nobody waits for it, and without IF NOT EXISTS, as idx_messages_history is.

CREATE INDEX CONCURRENTLY idx_messages_words ON messages USING gin (message_words(content));
