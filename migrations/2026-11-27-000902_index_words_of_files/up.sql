-- Why: `systech-aidd history search` finds what people sent in documents, too. The index knows which files hold a word, as
-- idx_messages_words knows it of messages; of a long document the first 65,536 characters count.

CREATE INDEX CONCURRENTLY idx_attachments_words ON attachments USING gin (message_words(text)) WHERE text IS NOT NULL;
