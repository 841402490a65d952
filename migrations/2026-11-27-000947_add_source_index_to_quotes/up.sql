-- Why: a purge finds the copies of what it deletes.

CREATE INDEX CONCURRENTLY idx_quotes_source ON quotes (source_id) WHERE source_id IS NOT NULL;
