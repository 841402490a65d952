DROP INDEX CONCURRENTLY idx_model_calls_call;
