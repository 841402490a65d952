DROP INDEX CONCURRENTLY idx_messages_cleared;
