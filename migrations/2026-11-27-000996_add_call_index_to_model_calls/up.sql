-- Why: no call is stored twice. Older rows have no number and stay out of the index.
--
-- Built CONCURRENTLY, so that nobody waits for it.

CREATE UNIQUE INDEX CONCURRENTLY idx_model_calls_call ON model_calls (call_id) WHERE call_id IS NOT NULL;
