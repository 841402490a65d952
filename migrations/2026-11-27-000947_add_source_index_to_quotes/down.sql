DROP INDEX CONCURRENTLY idx_quotes_source;
