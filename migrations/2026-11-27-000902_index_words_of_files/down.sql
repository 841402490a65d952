DROP INDEX CONCURRENTLY idx_attachments_words;
