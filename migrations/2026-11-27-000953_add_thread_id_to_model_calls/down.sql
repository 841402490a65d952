ALTER TABLE model_calls DROP COLUMN thread_id;
