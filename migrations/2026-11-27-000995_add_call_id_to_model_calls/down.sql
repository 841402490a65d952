ALTER TABLE model_calls DROP COLUMN call_id;
