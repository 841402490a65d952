DROP INDEX CONCURRENTLY idx_updates_reserved;
